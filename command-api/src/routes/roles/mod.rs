//! `/roles`: what roles permit.

mod define;
mod remove;

use crate::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(define::define_role, remove::remove_role))
}
