//! What an operator sees of a projector.

use metrics::{counter, gauge, histogram};
use read_models::{ReadModels, Shown};
use std::{convert::Infallible, time::Duration};
use store::log::Log;

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Counts one applied batch.
pub(crate) fn applied(events: usize, took: Duration) {
    histogram!("evident_projector_batch_size").record(events as f64);
    histogram!("evident_projector_batch_seconds").record(took);
}

/// Counts a pause after a failure.
pub(crate) fn retries() {
    counter!("evident_retries_total", "of" => "projection").increment(1);
}

/// Whether another projector writes, and this one only stands by.
pub(crate) fn stands_by(stands_by: bool) {
    gauge!("evident_projector_standby").set(f64::from(u8::from(stands_by)));
}

/// Looks at log and tables once a second, so that the lag is told most of all when nothing is applied.
pub(crate) async fn watch(log: &Log, models: &ReadModels) -> Infallible {
    loop {
        if let (Ok(head), Ok(Shown { position, value: parked })) =
            (log.head().await, models.parked_count().await)
        {
            gauge!("evident_projector_position").set(position.0 as f64);
            gauge!("evident_projector_lag_positions").set(head.0.saturating_sub(position.0) as f64);
            gauge!("evident_projector_parked_streams").set(parked as f64);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
