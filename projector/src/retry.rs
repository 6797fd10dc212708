//! A parked stream tried again, once the cause is gone.

use crate::{ProjectorError, open::open};
use events::{StreamName, Version};
use read_models::{ApplyError, ReadModels, Retried};
use store::{log::Log, vault::Vault};

/// How often a retry begins again because the live projector added to what waits.
const MAX_ATTEMPTS: usize = 8;

/// Applies what waits of one parked stream, with the facts as this version of Evident reads them.
///
/// # Errors
/// [`ProjectorError::Fenced`] when the stream grows faster than it can be read.
pub async fn retry(
    log: &Log,
    vault: &Vault,
    models: &ReadModels,
    stream: &StreamName,
) -> Result<Retried, ProjectorError> {
    for _ in 0..MAX_ATTEMPTS {
        let Some(parked) = models.parked_stream(stream).await? else { return Ok(Retried::NotParked) };
        let before = Version(parked.version.0.saturating_sub(1));
        let waiting = open(vault, log.read_stream(stream, before).await?).await?;
        match models.retry(stream, &waiting).await {
            Err(ApplyError::Fenced) => {}
            retried => return retried.map_err(|refused| ProjectorError::applying(log.id(), refused)),
        }
    }
    Err(ProjectorError::Fenced)
}
