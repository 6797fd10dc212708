//! `/holds`: periods whose network facts must not be forgotten yet.

mod lift;
mod place;

use crate::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(place::place_period_hold, lift::lift_period_hold))
}
