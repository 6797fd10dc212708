//! HTTP. One verb a file: its body, its handler, its page in the OpenAPI document.

mod auth;
mod holds;
mod roles;
mod service_accounts;
mod users;

use crate::App;
use service::problem::Problems;
use utoipa_axum::router::OpenApiRouter;

/// All commands, on their paths below `/api/v1`.
pub(crate) fn router(app: App) -> OpenApiRouter {
    commands().with_state(app)
}

/// The same before anything is there for them to work with.
pub(crate) fn commands() -> OpenApiRouter<App> {
    auth::router()
        .merge(users::router())
        .merge(holds::router())
        .merge(roles::router())
        .merge(service_accounts::router())
}
