//! Latencies, kept whole and asked for their percentiles.

use std::time::Duration;

/// Every latency of a phase.
#[derive(Default)]
pub(crate) struct Sample(Vec<Duration>);

impl Sample {
    /// Adds one.
    pub(crate) fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// Adds all of another sample.
    pub(crate) fn merge(&mut self, other: Sample) {
        self.0.extend(other.0);
    }

    /// How many.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The smallest latency that `share` (0 to 1) of all do not exceed; zero for an empty sample.
    pub(crate) fn percentile(&mut self, share: f64) -> Duration {
        self.0.sort_unstable();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index within the sample"
        )]
        let index = (self.0.len() as f64 * share).ceil() as usize;
        self.0.get(index.saturating_sub(1)).copied().unwrap_or_default()
    }
}
