//! One verb a file; the folders follow the paths.

mod audit;
mod auth;
mod machines;
mod parked;
mod roles;
mod users;

use crate::App;
use axum::extract::FromRef;
use service::telemetry::Metrics;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Everything that front ends, admins and auditors ask.
pub fn router(app: App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(auth::me::me))
        .routes(routes!(auth::sessions::own_sessions))
        .routes(routes!(users::list::list_users))
        .routes(routes!(users::one::user))
        .routes(routes!(users::sessions::user_sessions))
        .routes(routes!(users::history::history))
        .routes(routes!(users::export::export_person))
        .routes(routes!(roles::list_roles))
        .routes(routes!(audit::list::list_events))
        .routes(routes!(audit::one::event))
        .routes(routes!(audit::export::export_audit))
        .routes(routes!(parked::list_parked))
        .routes(routes!(machines::jwks::jwks))
        .with_state(app)
}

/// What load balancers and monitors ask: `/health`, `/health/ready` and `/metrics`, perhaps on an address of its own.
pub fn machines(app: App, metrics: Metrics) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(machines::health::alive))
        .routes(routes!(machines::health::ready))
        .routes(routes!(machines::metrics::metrics))
        .with_state(Machines { app, metrics })
}

/// What monitors' routes work with.
#[derive(Clone, FromRef)]
struct Machines {
    app: App,
    metrics: Metrics,
}
