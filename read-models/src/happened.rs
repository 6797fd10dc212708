//! What a fold is given: one fact, and where and when it happened.

use events::{Fact, Position, Record, Timestamp, Version};

/// A record of the log with its fact opened, as the projector hands it in.
#[derive(Debug, Clone)]
pub struct Projected {
    /// Its place in the log.
    pub position: Position,
    /// The record.
    pub record: Record,
    /// What happened, with personal values where their keys live; else why it cannot be read.
    pub fact: Result<Fact, String>,
}

/// One fact, and where and when it happened.
#[derive(Debug, Clone, Copy)]
pub struct Happened<'a> {
    /// Its place in the log.
    pub position: Position,
    /// Its place in its stream.
    pub version: Version,
    /// The moment that the deciding service saw on its clock. It is shown; it orders nothing.
    pub at: Timestamp,
    /// What happened.
    pub fact: &'a Fact,
}

/// Why a fact does not fit what happened before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfoldable {
    /// The stream does not begin with what has to be first, or begins twice.
    #[error("{event_type} cannot happen here")]
    OutOfPlace {
        /// The type of the fact.
        event_type: &'static str,
    },
    /// The versions of the stream do not follow each other.
    #[error("version {found} follows version {last}")]
    VersionGap {
        /// The last version that was folded.
        last: Version,
        /// The version that came.
        found: Version,
    },
}

impl Projected {
    /// The fact and where it happened; none when the fact cannot be read.
    #[must_use]
    pub fn happened(&self) -> Option<Happened<'_>> {
        let fact = self.fact.as_ref().ok()?;
        let Record { version, time, .. } = &self.record;
        Some(Happened { position: self.position, version: *version, at: *time, fact })
    }
}
