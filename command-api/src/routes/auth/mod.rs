//! `/auth`: what people do about themselves.

mod change_email;
mod change_password;
mod close_account;
mod confirm_totp;
mod end_other_sessions;
mod end_session;
mod enrol_totp;
mod forgot_password;
mod issue_recovery_codes;
mod login;
mod logout;
mod reauthenticate;
mod refresh;
mod register;
mod remove_totp;
mod request_verification;
mod reset_password;
mod verify_email;

use crate::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register::register))
        .routes(routes!(login::login))
        .routes(routes!(refresh::refresh))
        .routes(routes!(logout::logout))
        .routes(routes!(reauthenticate::reauthenticate))
        .routes(routes!(enrol_totp::enrol_totp, remove_totp::remove_totp))
        .routes(routes!(confirm_totp::confirm_totp))
        .routes(routes!(issue_recovery_codes::issue_recovery_codes))
        .routes(routes!(change_password::change_password))
        .routes(routes!(forgot_password::forgot_password))
        .routes(routes!(reset_password::reset_password))
        .routes(routes!(change_email::change_email))
        .routes(routes!(request_verification::request_verification))
        .routes(routes!(verify_email::verify_email))
        .routes(routes!(end_session::end_session))
        .routes(routes!(end_other_sessions::end_other_sessions))
        .routes(routes!(close_account::close_account))
}
