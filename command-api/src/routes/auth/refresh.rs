//! `POST /auth/refresh`

use crate::{
    App,
    command::{Anonymous, Maybe},
    failure::Failure,
    respond::Done,
    routes::Problems,
    tokens::TokensBody,
};
use axum::extract::State;
use http::HeaderMap;
use serde::Deserialize;
use service::{browser::Delivery, problem::Code};
use utoipa::ToSchema;

/// The refresh token that was given last.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshTokens {
    /// Left out where it is a cookie.
    #[serde(default)]
    refresh_token: Option<String>,
}

/// Exchanges a refresh token for the next pair of tokens. It is good once; coming back later, it ends the session.
///
/// Without one in the body the cookie is taken, and then the next tokens are cookies again.
#[utoipa::path(post, path = "/api/v1/auth/refresh", operation_id = "refresh", tag = "auth",
    request_body = Option<RefreshTokens>, params(Delivery),
    extensions(("x-problems" = json!(["cross-site", "invalid-refresh-token"]))),
    responses((status = 200, body = TokensBody, description = "The next tokens of the session"), Problems))]
pub(crate) async fn refresh(
    State(app): State<App>,
    headers: HeaderMap,
    delivery: Delivery,
    Anonymous { asked, body: Maybe(body) }: Anonymous<Maybe<RefreshTokens>>,
) -> Result<Done, Failure> {
    if delivery == Delivery::Cookie {
        app.browsers.must_be_ours(&headers)?;
    }
    let written = body.and_then(|body| body.refresh_token);
    let (token, delivery) = match &written {
        Some(token) => (token.as_str(), delivery),
        // What no script could read before, none may read afterwards.
        None => (carried(&app, &headers)?, Delivery::Cookie),
    };
    // The token itself makes a second try safe, and only inside its grace: a key must not stretch that.
    let (tokens, position) = app.refresh(&asked.unkeyed(&app), token).await?;
    Ok(tokens.delivered(&app, position, delivery))
}

/// The token that came as a cookie.
fn carried<'a>(app: &App, headers: &'a HeaderMap) -> Result<&'a str, Failure> {
    app.browsers.refresh_token(headers)?.ok_or(Failure::new(Code::InvalidRefreshToken))
}
