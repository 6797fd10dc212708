//! A batch of facts into every model at once: one transaction for all rows and the checkpoint.

use crate::{Projected, ReadModels, ReadModelsError};
use events::{LogId, Position};

/// Why a batch was not applied. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The tables are not where the caller thought: somebody else moved them on, or flipped them.
    #[error("read models are not at the position that the batch follows")]
    Fenced,
    /// The tables show another log.
    #[error("read models show log {shown}")]
    OtherLog {
        /// The log that they show.
        shown: LogId,
    },
    /// The tables do not answer.
    #[error(transparent)]
    Broken(#[from] ReadModelsError),
}

impl ReadModels {
    /// Folds a batch into every model and moves the checkpoint from `from` to the batch's last position, all of it or
    /// nothing. The batch MUST begin right after `from` and be without gaps. An empty batch changes nothing.
    ///
    /// A fact that cannot be read or folded parks its stream: the rest goes on, and nothing of the stream is shown
    /// further until [`ReadModels::retry`].
    ///
    /// # Errors
    /// [`ApplyError::Fenced`] when the tables are not at `from`: read the checkpoint and go on from there.
    pub async fn apply(&self, from: Position, log: LogId, batch: &[Projected]) -> Result<(), ApplyError> {
        let _ = (from, log, batch);
        unimplemented!()
    }
}
