//! `/service-accounts`: programs that act by themselves, and their keys. They are made by people alone: a key never makes
//! another one.

mod create;
mod issue_key;
mod remove;
mod revoke_key;

use crate::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create_service_account))
        .routes(routes!(remove::remove_service_account))
        .routes(routes!(issue_key::issue_key))
        .routes(routes!(revoke_key::revoke_key))
}
