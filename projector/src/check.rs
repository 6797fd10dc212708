//! The oracle: are the live tables what a fresh fold of the log makes?

use crate::{ProjectorError, apply::begin, beside::catch_up};
use events::Position;
use read_models::{Difference, ReadModels};
use std::time::Duration;
use store::{log::Log, vault::Vault};

/// How long the live tables may take to follow what was appended while they were compared.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How often tables that differ are compared while the log goes on. Each look has less to fold than the last.
const MAX_LOOKS: u32 = 20;

/// What comparing the live tables with fresh ones found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The position at which both were compared.
    pub position: Position,
    /// The last position of the log by then. Where it is later, and nobody follows, whoever was erased in between may
    /// be all the difference: the live tables still show what nobody can open any more.
    pub head: Position,
    /// Where they differ first; none when they are alike.
    pub difference: Option<Difference>,
}

/// Folds the whole log into fresh tables beside the live ones at `url`, compares, and removes the fresh ones.
///
/// The live tables are read from one snapshot. Neither their readers nor their projector wait.
pub async fn check(
    log: &Log,
    vault: &Vault,
    live: &ReadModels,
    url: &str,
) -> Result<Compared, ProjectorError> {
    let fresh = ReadModels::open_scratch(url).await?;
    let compared = compare(log, vault, live, &fresh).await;
    fresh.close().await;
    ReadModels::drop_scratch(url).await?;
    compared
}

/// Compares, and again for as long as the tables differ and there is more to follow.
///
/// A person's keys are destroyed right after `user.erased` is appended. Tables that opened the person's facts before
/// and after that moment differ until both have applied it, so a difference counts when it outlives what the log
/// holds by then.
pub(crate) async fn compare(
    log: &Log,
    vault: &Vault,
    live: &ReadModels,
    fresh: &ReadModels,
) -> Result<Compared, ProjectorError> {
    let mut looks = 0;
    loop {
        let compared = compare_once(log, vault, live, fresh).await?;
        looks += 1;
        let settled = compared.difference.is_none() || looks == MAX_LOOKS;
        if settled || !follows(live, compared.position, compared.head).await? {
            return Ok(compared);
        }
    }
}

async fn compare_once(
    log: &Log,
    vault: &Vault,
    live: &ReadModels,
    fresh: &ReadModels,
) -> Result<Compared, ProjectorError> {
    // Most of the way first, so that little is left to fold after the live tables' snapshot. The fresh ones never
    // pass the live ones: there is no way back to an earlier position.
    catch_up(log, vault, fresh, begin(log, live).await?).await?;
    let shown = live.digest().await?;
    catch_up(log, vault, fresh, shown.position).await?;
    let difference = shown.difference(&fresh.digest().await?);
    Ok(Compared { position: shown.position, head: log.head().await?, difference })
}

/// True when the live tables get from `position` to `head` in time; false too when there is nothing to follow.
async fn follows(live: &ReadModels, position: Position, head: Position) -> Result<bool, ProjectorError> {
    let arrival = async {
        while live.checkpoint().await?.position < head {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(position < head)
    };
    tokio::time::timeout(PATIENCE, arrival).await.unwrap_or(Ok(false))
}
