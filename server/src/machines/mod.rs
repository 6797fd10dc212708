//! What machines ask of a process: whether it lives, whether it can serve, what it counts. No caller, no version in the
//! path.

mod health;
mod metrics;
mod shared;

use crate::serve::Parts;
use axum::extract::FromRef;
use health::Readiness;
use service::telemetry::Metrics;
use shared::Shared;
use utoipa_axum::{router::OpenApiRouter, routes};

/// `/health`, `/health/ready` and `/metrics`, perhaps on an address of their own.
pub(crate) fn routes(parts: Parts, metrics: Metrics) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::metrics))
        .with_state(Machines { parts, metrics, readiness: Shared::new() })
}

/// What a process answers machines before its stores are open: that it lives, and is not ready.
pub(crate) fn while_starting() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(health::alive)).routes(routes!(health::starting))
}

/// What monitors' routes work with.
#[derive(Clone, FromRef)]
struct Machines {
    parts: Parts,
    metrics: Metrics,
    readiness: Shared<Readiness>,
}
