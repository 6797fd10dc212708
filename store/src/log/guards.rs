//! What an append was decided from, besides its own stream.

use super::group_commit::Request;
use events::{StreamName, Version};
use std::collections::HashSet;

/// A stream that must still be at this version when something is appended, although nothing is appended to it: the
/// decision was made from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// The stream.
    pub stream: StreamName,
    /// The version at which it was read; [`Version::NONE`] when there was no such stream.
    pub version: Version,
}

/// A batch in parts, the first one last, so that no request is guarded by a stream that another request of its part
/// appends to: an engine then only has to hold guards against what was there before the part.
pub(super) fn apart(batch: Vec<Request>) -> Vec<Vec<Request>> {
    let mut parts = Vec::new();
    let mut part = Vec::with_capacity(batch.len());
    let mut written = HashSet::new();
    for request in batch {
        if request.guards.iter().any(|guard| written.contains(&guard.stream)) {
            parts.push(std::mem::take(&mut part));
            written.clear();
        }
        written.insert(request.stream.clone());
        part.push(request);
    }
    parts.push(part);
    parts.reverse();
    parts
}
