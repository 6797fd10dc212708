//! Following the log: catching up first, then live.

use super::{LogError, Stored};

/// An endless reader of the log, from a position on.
#[derive(Debug)]
pub struct Follower {}

impl Follower {
    /// The next records, at most `limit` of them: waits until there is one, so it is never empty.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Stored>, LogError> {
        unimplemented!("{limit}")
    }
}
