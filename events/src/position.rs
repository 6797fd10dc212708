//! Where a record stands: in the whole log, and in its own stream.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A record's place in the whole log, in commit order. Most engines give 1 to the first and go on next by next without
/// gaps; KurrentDB's positions only grow. `store::log::Log::positions_are_dense` tells.
///
/// [`Position::START`] (0) is the place before the first record, for "everything after".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub u64);

impl Position {
    /// Before the first record.
    pub const START: Position = Position(0);

    /// The place right after this one. The next record lies there where positions are dense, else there or later.
    #[must_use]
    pub fn next(self) -> Position {
        Position(self.0.saturating_add(1))
    }
}

/// How many records a stream holds, which is also the version of its last record. 0: the stream does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u64);

impl Version {
    /// No record yet.
    pub const NONE: Version = Version(0);

    /// The version after one more record.
    #[must_use]
    pub fn next(self) -> Version {
        Version(self.0.saturating_add(1))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
