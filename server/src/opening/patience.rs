//! Waiting for databases that are away.

use command_api::AdminError;
use metrics::counter;
use projector::ProjectorError;
use read_models::ReadModelsError;
use std::{error::Error, time::Duration};
use store::{log::LogError, vault::VaultError};

/// The first and the longest pause before what is away is looked for again.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Whether waiting may mend an error.
pub(crate) trait Away: Error {
    /// True when the database does not answer; false when it answered, or never could.
    fn is_away(&self) -> bool;
}

macro_rules! away {
    ($($error:ty),*) => {$(
        impl Away for $error {
            fn is_away(&self) -> bool {
                <$error>::is_away(self)
            }
        }
    )*};
}

away!(
    LogError,
    VaultError,
    ReadModelsError,
    ProjectorError,
    command_api::StartError,
    query_api::StartError,
    AdminError
);

/// Opens something, or starts something on what is open; while it is away says so and, when `patient`, tries again without end. A process that is told to stop
/// drops this.
pub(crate) async fn patiently<T, E: Away>(
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
