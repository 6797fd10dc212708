//! The pause before what failed is tried again.

use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The first and the longest pause.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A pause that is twice as long each time, until something went well again.
#[derive(Debug)]
pub(crate) struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(PAUSE)
    }
}

impl Pause {
    /// How long the next one is.
    pub(crate) fn millis(&self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }

    /// Waits, or until `stop`.
    pub(crate) async fn wait(&mut self, stop: &CancellationToken) {
        self.rest(self.0, stop).await;
        self.0 = (self.0 * 2).min(LONGEST_PAUSE);
    }

    /// Waits for this long, or until `stop`.
    pub(crate) async fn rest(&self, span: Duration, stop: &CancellationToken) {
        stop.run_until_cancelled(tokio::time::sleep(span)).await;
    }

    /// Something went well.
    pub(crate) fn over(&mut self) {
        self.0 = PAUSE;
    }
}
