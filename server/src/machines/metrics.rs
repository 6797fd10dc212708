//! `GET /metrics`

use crate::serve::Parts;
use axum::{extract::State, response::IntoResponse};
use http::{HeaderValue, header};
use service::telemetry::Metrics;

/// Counters, gauges and histograms, in Prometheus' text format.
#[utoipa::path(
    get, path = "/metrics", tag = "machines", operation_id = "metrics", security(()),
    responses((status = 200, description = "Prometheus text", body = String, content_type = "text/plain"))
)]
pub(crate) async fn metrics(State(parts): State<Parts>, State(metrics): State<Metrics>) -> impl IntoResponse {
    if let Some(queries) = &parts.queries {
        queries.observe();
    }
    const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, TEXT)], metrics.render())
}
