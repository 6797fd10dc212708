//! `GET /metrics`

use crate::app::App;
use axum::{extract::State, response::IntoResponse};
use http::{HeaderValue, header};
use metrics::gauge;
use service::telemetry::Metrics;

/// Counters, gauges and histograms, in Prometheus' text format.
#[utoipa::path(
    get, path = "/metrics", tag = "machines", operation_id = "metrics", security(()),
    responses((status = 200, description = "Prometheus text", body = String, content_type = "text/plain"))
)]
pub(crate) async fn metrics(State(app): State<App>, State(metrics): State<Metrics>) -> impl IntoResponse {
    gauge!("evident_feed_age_seconds").set(app.feed().age(app.clock().now()).as_secs_f64());
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and nobody counts to 2^53 here")]
    gauge!("evident_access_changes").set(app.access().len() as f64);
    const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, TEXT)], metrics.render())
}
