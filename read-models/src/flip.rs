//! Other tables become the live ones, under the eyes of readers who never notice.

mod postgres;
mod sqlite;

use crate::{ReadModels, ReadModelsError, checkpoint::Checkpoint, open::Engine};
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
    /// The other tables show another log, or are kept by another engine.
    #[error("the tables show different logs")]
    OtherLog,
    /// Readers were always in the way. Flip again.
    #[error("the tables were in use without a pause")]
    Busy,
    /// The tables do not answer.
    #[error(transparent)]
    Broken(#[from] ReadModelsError),
}

impl From<sqlx::Error> for FlipError {
    fn from(error: sqlx::Error) -> Self {
        FlipError::Broken(error.into())
    }
}

impl ReadModels {
    /// Has the engine look at tables that were just filled, so that they are searched well from their first moment on. To be
    /// done before a flip and not between catching up and flipping: the live tables go on meanwhile.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn analyze(&self) -> Result<(), ReadModelsError> {
        match &self.engine {
            // SQLite plans without statistics, and the indexes leave little choice.
            Engine::Sqlite(_) => Ok(()),
            Engine::Postgres(tables) => postgres::analyze(tables).await,
        }
    }

    /// Makes `other` the live tables. What was live is kept, for [`ReadModels::open_previous`] and the way back,
    /// which is: apply to the previous tables what they lack, then flip to them.
    ///
    /// `self` MUST be the live tables, and goes on being them; `other` is closed once it was flipped. Readers see the
    /// one or the other, never both and never an error. A projector that applies meanwhile is fenced off at most once.
    ///
    /// # Errors
    /// [`FlipError::Behind`] when the live tables are ahead. Nothing changed; `other` may go on applying.
    pub async fn flip(&self, other: &ReadModels) -> Result<(), FlipError> {
        match (&self.engine, &other.engine) {
            (Engine::Sqlite(live), Engine::Sqlite(other)) => sqlite::flip(live, other).await,
            (Engine::Postgres(live), Engine::Postgres(other)) => postgres::flip(live, other).await,
            (Engine::Sqlite(_), Engine::Postgres(_)) | (Engine::Postgres(_), Engine::Sqlite(_)) => {
                Err(FlipError::OtherLog)
            }
        }
    }
}

/// Whether `other` may be shown to who has seen `live`.
fn compare(live: Checkpoint, other: Checkpoint) -> Result<(), FlipError> {
    if live.log.is_some() && live.log != other.log {
        return Err(FlipError::OtherLog);
    }
    if other.position < live.position {
        return Err(FlipError::Behind { position: other.position, live: live.position });
    }
    Ok(())
}
