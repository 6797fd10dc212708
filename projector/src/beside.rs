//! Tables that are not shown: filled from the log while the live ones go on.

use crate::{
    ProjectorError,
    apply::{apply, begin},
    feed::Feed,
};
use events::Position;
use read_models::ReadModels;
use store::{log::Log, vault::Vault};

/// Folds the log into the tables, from where they stand up to and with `last`.
pub(crate) async fn catch_up(
    log: &Log,
    vault: &Vault,
    tables: &ReadModels,
    last: Position,
) -> Result<(), ProjectorError> {
    let mut position = begin(log, tables).await?;
    let mut feed = Feed::until(log, vault, position, last);
    while let Some(batch) = feed.next().await {
        position = apply(log, tables, position, &batch?).await?;
    }
    if position < last {
        return Err(ProjectorError::LogBehind { log: log.id(), head: position, shown: last });
    }
    Ok(())
}
