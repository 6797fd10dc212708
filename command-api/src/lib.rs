//! Decides. `domain` says what may happen, the one loop reads, decides and appends, `routes` speak HTTP.

mod admins;
mod app;
mod append;
mod caller;
mod command;
mod decide;
mod decoys;
mod deletion;
mod device;
pub mod domain;
mod erasure;
mod failure;
#[cfg(fuzzing)]
pub mod fuzzing;
mod guess;
pub mod hashing;
mod history;
mod ids;
mod import;
mod input;
mod keys;
mod mails;
mod operator;
mod passwords;
mod pictures;
mod reach;
mod reauthentication;
mod recovery_codes;
mod refresh;
mod refresh_token;
mod registration;
mod reindex;
mod respond;
mod retention;
mod routes;
mod second_factor;
mod session_cap;
mod sign_in;
mod signing;
mod token_keys;
mod tokens;
mod totp;

pub use app::{App, StartError};
pub use import::{ImportError, ImportFormat, Imported, RowOutcome, import_users};
pub use input::BreachedError;
pub use operator::{AdminError, bootstrap_admin, create_admin};
pub use reindex::{ReindexError, Reindexed, reindex};
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
