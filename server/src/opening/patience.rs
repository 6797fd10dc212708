//! Waiting for databases that are away.

use metrics::counter;
use read_models::ReadModelsError;
use std::{error::Error, time::Duration};
use store::{log::LogError, vault::VaultError};

/// The first and the longest pause before what is away is looked for again.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Whether waiting may mend an error.
pub(super) trait Away: Error {
    /// True when the database does not answer; false when it answered, or never could.
    fn is_away(&self) -> bool;
}

impl Away for LogError {
    fn is_away(&self) -> bool {
        matches!(self, LogError::Unavailable(_))
    }
}

impl Away for VaultError {
    fn is_away(&self) -> bool {
        VaultError::is_away(self)
    }
}

impl Away for ReadModelsError {
    fn is_away(&self) -> bool {
        ReadModelsError::is_away(self)
    }
}

/// Opens something; while it is away says so and, when `patient`, tries again without end. A process that is told to stop
/// drops this.
pub(super) async fn patiently<T, E: Away>(
    patient: bool,
    what: &'static str,
    open: impl AsyncFn() -> Result<T, E>,
) -> Result<T, E> {
    let mut pause = PAUSE;
    loop {
        match open().await {
            Err(error) if patient && error.is_away() => {
                let retry_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                tracing::warn!(%error, retry_ms, "waiting for {what}");
                counter!("evident_retries_total", "of" => "opening").increment(1);
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            opened => return opened,
        }
    }
}
