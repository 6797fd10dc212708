//! How far the tables are.

use crate::{ReadModels, ReadModelsError};
use events::{LogId, Position};

/// Up to where, and of which log, the tables are the fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checkpoint {
    /// The log; none while nothing was ever applied.
    pub log: Option<LogId>,
    /// The position of the last record that was applied.
    pub position: Position,
}

/// An answer, and the position that it reflects: both come from one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown<T> {
    /// The tables were the fold up to and with this position.
    pub position: Position,
    /// What they said.
    pub value: T,
}

impl ReadModels {
    /// How far the tables are.
    pub async fn checkpoint(&self) -> Result<Checkpoint, ReadModelsError> {
        unimplemented!()
    }
}
