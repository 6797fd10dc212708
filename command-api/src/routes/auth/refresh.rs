//! `POST /auth/refresh`

use crate::{App, command::Anonymous, failure::Failure, respond::Done, routes::Problems, tokens::TokensBody};
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use service::extract::Json;
use utoipa::ToSchema;

/// The refresh token that was given last.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshTokens {
    #[schema(format = Password)]
    refresh_token: String,
}

/// Exchanges a refresh token for the next pair of tokens. It is good once; coming back later, it ends the session.
#[utoipa::path(post, path = "/api/v1/auth/refresh", operation_id = "refresh", tag = "auth",
    request_body = RefreshTokens,
    responses((status = 200, body = TokensBody, description = "The next tokens of the session"), Problems))]
pub(crate) async fn refresh(
    State(app): State<App>,
    Anonymous { asked, body: Json(body) }: Anonymous<Json<RefreshTokens>>,
) -> Result<Done, Failure> {
    // The token itself makes a second try safe, and only inside its grace: a key must not stretch that.
    let (tokens, position) = app.refresh(&asked.unkeyed(&app), &body.refresh_token).await?;
    Ok(Done::json(&app, position, StatusCode::OK, tokens))
}
