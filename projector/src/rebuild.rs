//! The tables made anew beside the live ones, and shown in their place.

use crate::{
    ProjectorError,
    beside::catch_up,
    check::{Compared, compare},
};
use read_models::{FlipError, ReadModels};
use store::{log::Log, vault::Vault};

/// How often tables catch up with live ones that go on meanwhile. Each round leaves less to do than the last, and then the flip
/// needs one moment in which the live ones do not move: under writes without a pause that takes many tries.
const MAX_ROUNDS: u32 = 1_000;

/// Folds the whole log into fresh tables beside the live ones at `url`, compares them, and makes them the live ones.
///
/// Readers never notice; the live projector is fenced off once and goes on. The tables are flipped even when they
/// differ, because the fresh ones are what the log says. What was live stays for [`flip_back`].
pub async fn rebuild(
    log: &Log,
    vault: &Vault,
    live: &ReadModels,
    url: &str,
) -> Result<Compared, ProjectorError> {
    let fresh = ReadModels::open_scratch(url).await?;
    let compared = compare(log, vault, live, &fresh).await?;
    flip(log, vault, live, &fresh).await?;
    Ok(compared)
}

/// Shows again the tables that were live before the last flip, once they have caught up.
///
/// # Errors
/// [`ProjectorError::NoPrevious`] when nothing was ever flipped.
pub async fn flip_back(log: &Log, vault: &Vault, live: &ReadModels, url: &str) -> Result<(), ProjectorError> {
    let previous = ReadModels::open_previous(url).await?.ok_or(ProjectorError::NoPrevious)?;
    flip(log, vault, live, &previous).await
}

async fn flip(log: &Log, vault: &Vault, live: &ReadModels, other: &ReadModels) -> Result<(), ProjectorError> {
    catch_up(log, vault, other, log.head().await?).await?;
    other.analyze().await?;
    let mut rounds = 0;
    loop {
        catch_up(log, vault, other, log.head().await?).await?;
        rounds += 1;
        match live.flip(other).await {
            Err(FlipError::Behind { .. } | FlipError::Busy) if rounds < MAX_ROUNDS => {}
            flipped => return Ok(flipped?),
        }
    }
}
