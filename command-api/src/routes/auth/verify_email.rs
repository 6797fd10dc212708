//! `POST /auth/email/verify`

use crate::{App, command::Anonymous, failure::Failure, respond::Done, routes::Problems};
use axum::extract::State;
use serde::Deserialize;
use service::extract::Json;
use utoipa::ToSchema;

/// What the link in a mail holds behind `#token=`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyEmail {
    #[schema(format = Password)]
    token: String,
}

/// Verifies the address that a link was mailed to: the account's, or the one that it asked to have, which is its own from
/// then on.
#[utoipa::path(post, path = "/api/v1/auth/email/verify", operation_id = "verifyEmail", tag = "auth",
    request_body = VerifyEmail,
    extensions(("x-problems" = json!(["invalid-mail-token", "email-taken"]))),
    responses((status = 204, description = "The address is verified"), Problems))]
pub(crate) async fn verify_email(
    State(app): State<App>,
    Anonymous { asked, body: Json(body) }: Anonymous<Json<VerifyEmail>>,
) -> Result<Done, Failure> {
    let token = app.mail_token(&body.token)?;
    let decided = app.verify_address(&asked.by(token.user), &token).await?;
    Ok(Done::no_content(&app, decided.position()))
}
