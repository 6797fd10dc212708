//! One record as the folds see it.

use events::{Fact, Position, Timestamp, Version};
use std::fmt;

/// A fact, and where and when it was recorded.
#[derive(Debug, Clone, Copy)]
pub struct Happened<'a> {
    /// Its place in the log.
    pub position: Position,
    /// Its place in its stream.
    pub version: Version,
    /// The time in its record.
    pub at: Timestamp,
    /// What happened.
    pub fact: &'a Fact,
}

/// A stream says something that cannot be true: a defect or a damaged log, never a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contradiction {
    /// Where the log says it.
    pub position: Position,
    /// The type of the fact that cannot stand there.
    pub event_type: &'static str,
    /// What the stream had said so far.
    pub state: &'static str,
}

impl Contradiction {
    pub(super) fn new(happened: &Happened<'_>, state: &'static str) -> Self {
        Self { position: happened.position, event_type: happened.fact.event_type(), state }
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { position, event_type, state } = self;
        write!(f, "{event_type} at position {position} cannot have happened: its subject is {state}")
    }
}

impl std::error::Error for Contradiction {}
