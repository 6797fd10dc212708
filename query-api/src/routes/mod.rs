//! One verb a file; the folders follow the paths.

mod audit;
mod auth;
mod holds;
mod jwks;
mod parked;
mod roles;
mod service_accounts;
mod users;

use crate::App;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Everything that front ends, admins and auditors ask.
pub fn router(app: App) -> OpenApiRouter {
    queries().with_state(app)
}

/// The pages of all queries, for whoever documents them without answering any.
#[must_use]
pub fn document() -> OpenApi {
    queries().into_openapi()
}

fn queries() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(auth::me::me))
        .routes(routes!(auth::sessions::own_sessions))
        .routes(routes!(users::list::list_users))
        .routes(routes!(users::one::user))
        .routes(routes!(users::picture::user_picture))
        .routes(routes!(users::sessions::user_sessions))
        .routes(routes!(users::history::history))
        .routes(routes!(users::export::export_person))
        .routes(routes!(roles::list_roles))
        .routes(routes!(service_accounts::list_service_accounts))
        .routes(routes!(service_accounts::list_keys))
        .routes(routes!(audit::list::list_events))
        .routes(routes!(audit::one::event))
        .routes(routes!(audit::export::export_audit))
        .routes(routes!(holds::list_holds))
        .routes(routes!(holds::user_hold))
        .routes(routes!(parked::list_parked))
        .routes(routes!(jwks::jwks))
}
