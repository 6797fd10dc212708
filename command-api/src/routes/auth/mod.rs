//! `/auth`: what people do about themselves.

mod change_password;
mod close_account;
mod end_other_sessions;
mod end_session;
mod login;
mod logout;
mod refresh;
mod register;

use crate::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register::register))
        .routes(routes!(login::login))
        .routes(routes!(refresh::refresh))
        .routes(routes!(logout::logout))
        .routes(routes!(change_password::change_password))
        .routes(routes!(end_session::end_session))
        .routes(routes!(end_other_sessions::end_other_sessions))
        .routes(routes!(close_account::close_account))
}
