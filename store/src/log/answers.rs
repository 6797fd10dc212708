//! What the log answers with.

use events::{Position, Record, Version};

/// A record and its place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its place in the whole log.
    pub position: Position,
    /// The record, byte for byte as it was appended.
    pub record: Record,
}

/// What an append came to. It is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The place of each record, in the order given; never empty.
    pub positions: Vec<Position>,
    /// The stream's version after the last of them.
    pub version: Version,
}

impl Appended {
    /// The place of the last record: whoever has read this far has read all of them.
    #[must_use]
    pub fn last(&self) -> Position {
        self.positions.last().copied().unwrap_or(Position::START)
    }
}
