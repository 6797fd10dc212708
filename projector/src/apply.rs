//! Where tables stand, and one batch further.

use crate::ProjectorError;
use events::Position;
use read_models::{Projected, ReadModels};
use store::log::Log;

/// Where the tables stand, once it is sure that they show this very log and nothing that it does not hold.
pub(crate) async fn begin(log: &Log, models: &ReadModels) -> Result<Position, ProjectorError> {
    let shown = models.checkpoint().await?;
    if let Some(other) = shown.log.filter(|shown| *shown != log.id()) {
        return Err(ProjectorError::OtherLog { log: log.id(), shown: other });
    }
    let head = log.head().await?;
    if head < shown.position {
        return Err(ProjectorError::LogBehind { log: log.id(), head, shown: shown.position });
    }
    Ok(shown.position)
}

/// Applies one batch, which begins right after `from`, and answers with where the tables stand then.
pub(crate) async fn apply(
    log: &Log,
    models: &ReadModels,
    from: Position,
    batch: &[Projected],
) -> Result<Position, ProjectorError> {
    let applied = models.apply(from, log.id(), batch).await;
    applied.map_err(|refused| ProjectorError::applying(log.id(), refused))?;
    Ok(batch.last().map_or(from, |last| last.position))
}
