//! `POST /auth/factors/totp`

use crate::{
    App,
    command::{Fresh, Nothing, Signed, Unproven},
    domain,
    failure::Failure,
    respond::{Done, own_session},
    routes::Problems,
    totp,
};
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use service::{extract::IfMatch, problem::Code};
use utoipa::ToSchema;

/// What an authenticator needs.
#[derive(Serialize, ToSchema)]
pub(crate) struct TotpSecret {
    /// Base32, for typing.
    secret: String,
    /// The same for a picture of squares, with address and issuer.
    otpauth_uri: String,
}

/// Begins to set up a second factor: a secret for an authenticator. Nothing asks for its codes until one confirms it. Where
/// there is a second factor already, this is how another one takes its place.
#[utoipa::path(post, path = "/api/v1/auth/factors/totp", operation_id = "enrolTotp", tag = "auth",
    security(("bearer" = [])), params(IfMatch),
    extensions(("x-problems" = json!(["history-full", "insufficient-user-authentication", "user-deleted", "not-found"]))),
    responses((status = 201, body = TotpSecret, description = "The secret; it is shown here alone"), Problems))]
pub(crate) async fn enrol_totp(
    State(app): State<App>,
    Fresh(Unproven(Signed { by, asked, .. })): Fresh<Unproven<Signed<Nothing>>>,
) -> Result<Done, Failure> {
    let profile = app.profile(by.user_id).await?.ok_or(Failure::new(Code::InvalidToken))?;
    let secret = app.new_totp_secret(&asked);
    let enrol = |user: &_| domain::enrol_totp(user, own_session(&by), secret.clone());
    let decided = app.decide(&asked, by.user_id, enrol).await?;
    let issuer = app.config.public_url.split_once("://").map_or("Evident", |(_, host)| host);
    let otpauth_uri = totp::uri(&secret, issuer, &profile.email);
    let body = TotpSecret { secret: secret.totp_secret.clone(), otpauth_uri };
    Ok(Done::json(&app, decided.position(), StatusCode::CREATED, body))
}
