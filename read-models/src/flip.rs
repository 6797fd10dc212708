//! Other tables become the live ones, under the eyes of readers who never notice.

use crate::{ReadModels, ReadModelsError};
use events::Position;

/// Why nothing was flipped.
#[derive(Debug, thiserror::Error)]
pub enum FlipError {
    /// The other tables are behind the live ones: readers would see the past. Apply the rest and flip again.
    #[error("tables at {position} are behind the live ones, which are at {live}")]
    Behind {
        /// Where the other tables are.
        position: Position,
        /// Where the live ones are.
        live: Position,
    },
    /// The other tables show another log.
    #[error("the tables show different logs")]
    OtherLog,
    /// The tables do not answer.
    #[error(transparent)]
    Broken(#[from] ReadModelsError),
}

impl ReadModels {
    /// Makes `other` the live tables. What was live is kept, for [`ReadModels::open_previous`] and the way back,
    /// which is: apply to the previous tables what they lack, then flip to them.
    ///
    /// `self` MUST be the live tables, and goes on being them. Readers see the one or the other, never both and never
    /// an error. A projector that applies meanwhile is fenced off at most once.
    ///
    /// # Errors
    /// [`FlipError::Behind`] when the live tables are ahead; `other` is handed back by opening it again.
    pub async fn flip(&self, other: &ReadModels) -> Result<(), FlipError> {
        let _ = other;
        unimplemented!()
    }
}
