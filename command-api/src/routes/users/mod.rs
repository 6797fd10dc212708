//! `/users`: what people may do about others, and about how they are known.

mod create;
mod delete;
mod delete_picture;
mod end_all_sessions;
mod end_session;
mod erase;
mod grant_role;
mod import;
mod lift_hold;
mod lift_lockout;
mod patch_profile;
mod place_hold;
mod put_picture;
mod put_profile;
mod reinstate;
mod remove_factors;
mod revoke_role;
mod suspend;

use crate::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create_user))
        .routes(routes!(import::import_users))
        .routes(routes!(put_profile::put_profile, patch_profile::patch_profile, delete::delete_user))
        .routes(routes!(put_picture::put_picture, delete_picture::delete_picture))
        .routes(routes!(erase::erase_user))
        .routes(routes!(suspend::suspend, reinstate::reinstate))
        .routes(routes!(place_hold::place_hold, lift_hold::lift_hold))
        .routes(routes!(lift_lockout::lift_lockout))
        .routes(routes!(remove_factors::remove_factors))
        .routes(routes!(grant_role::grant_role, revoke_role::revoke_role))
        .routes(routes!(end_session::end_session))
        .routes(routes!(end_all_sessions::end_all_sessions))
}
