//! Decides. `domain` says what may happen, the one loop reads, decides and appends, `routes` speak HTTP.

mod admins;
mod app;
mod append;
mod caller;
mod command;
mod decide;
mod deletion;
pub mod domain;
mod erasure;
mod failure;
mod guess;
pub mod hashing;
mod history;
mod ids;
mod input;
mod operator;
mod passwords;
mod refresh;
mod refresh_token;
mod registration;
mod respond;
mod routes;
mod sign_in;
mod signing;
mod tokens;

pub use app::{App, StartError};
pub use operator::{AdminError, bootstrap_admin, create_admin};
pub use signing::SigningError;

use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

/// All commands as routes, each with its page in the OpenAPI document.
pub fn router(app: App) -> OpenApiRouter {
    routes::router(app)
}

/// The pages of all commands, for whoever documents them without taking any.
#[must_use]
pub fn document() -> OpenApi {
    routes::commands().into_openapi()
}
