//! `GET /metrics`

use crate::serve::Parts;
use axum::{extract::State, response::IntoResponse};
use http::{HeaderValue, header};
use metrics::gauge;
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
    for (store, (open, idle)) in pools(&parts) {
        gauge!("evident_pool_connections", "store" => store, "state" => "open").set(open as f64);
        gauge!("evident_pool_connections", "store" => store, "state" => "idle").set(idle as f64);
    }
    const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, TEXT)], metrics.render())
}

/// Connections for reading, open and idle, by what they lead to.
fn pools(parts: &Parts) -> impl Iterator<Item = (&'static str, (usize, usize))> {
    let log = parts.log.connections().map(|log| ("log", log));
    let read_models = parts.read_models.as_ref().map(|models| ("read_models", models.connections()));
    [("vault", parts.vault.connections())].into_iter().chain(log).chain(read_models)
}
