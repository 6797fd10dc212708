//! What a fold is given: one fact, and where and when it happened.

use events::{Fact, Personal, Position, Record, Timestamp, Version};

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
    /// It does not belong on this stream, or not at this place of it.
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
        Some(self.happening(self.fact.as_ref().ok()?))
    }

    pub(crate) fn happening<'a>(&self, fact: &'a Fact) -> Happened<'a> {
        Happened { position: self.position, version: self.record.version, at: self.record.time, fact }
    }
}

impl Happened<'_> {
    pub(crate) fn out_of_place(&self) -> Unfoldable {
        Unfoldable::OutOfPlace { event_type: self.fact.event_type() }
    }

    pub(crate) fn follows(&self, last: Version) -> Result<(), Unfoldable> {
        match self.version == last.next() {
            true => Ok(()),
            false => Err(Unfoldable::VersionGap { last, found: self.version }),
        }
    }
}

/// One part of a personal value, when its key lives and the part was given.
pub(crate) fn opened<T>(value: &Personal<T>, part: impl Fn(&T) -> Option<&str>) -> Option<String> {
    value.open().and_then(part).map(crate::columns::text)
}
