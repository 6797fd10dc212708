//! `POST /auth/logout`

use crate::{
    App,
    command::{Anonymous, Maybe},
    domain::{Session, end_session},
    failure::Failure,
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use events::{EndCause, SessionId};
use http::{HeaderMap, Method, header::AUTHORIZATION};
use serde::Deserialize;
use service::{caller::bearer, problem::Code};
use utoipa::ToSchema;

/// The session's refresh token, for whoever has no access token that is still good.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct Logout {
    #[serde(default)]
    refresh_token: Option<String>,
}

/// Ends the session that the access token or the refresh token is of, everywhere. Signing out twice is once. A browser
/// that signs out loses its cookies and what it kept of the answers.
#[utoipa::path(post, path = "/api/v1/auth/logout", operation_id = "logout", tag = "auth",
    request_body = Option<Logout>, security(("bearer" = []), ()),
    extensions(("x-problems" = json!(["cross-site", "invalid-refresh-token"]))),
    responses((status = 204, description = "The session has ended"), Problems))]
pub(crate) async fn logout(
    State(app): State<App>,
    headers: HeaderMap,
    Anonymous { asked, body: Maybe(body) }: Anonymous<Maybe<Logout>>,
) -> Result<Done, Failure> {
    let id = session_of(&app, &headers, body.and_then(|body| body.refresh_token)).await?;
    let owner = app.session_owner(id).await?.ok_or(Failure::new(Code::InvalidToken))?;
    let end = |session: &Session| end_session(session, owner, EndCause::SignedOut);
    let decided = app.decide(&asked.by(owner), id, end).await?;
    let mut done = Done::no_content(&app, decided.position());
    app.browsers.sign_out(done.headers());
    Ok(done)
}

/// The session of a refresh token, however old, else of an access token. Whether it lives still is not asked: who is
/// signed out already may sign out again.
///
/// What somebody wrote into the request comes before what the browser sent along.
async fn session_of(
    app: &App,
    headers: &HeaderMap,
    refresh_token: Option<String>,
) -> Result<SessionId, Failure> {
    let known = |token: &str| app.refresh_tokens.read(token).map(|(id, _)| id);
    if let Some(token) = refresh_token {
        return match (known(&token), bearer(headers)) {
            (Some(id), _) => Ok(id),
            (None, Err(_)) => Err(Failure::new(Code::InvalidRefreshToken)),
            (None, Ok(token)) => Ok(app.claims(token).await?.sid),
        };
    }
    if headers.contains_key(AUTHORIZATION) {
        return match (app.claims(bearer(headers)?).await, app.browsers.refresh_token(headers)) {
            (Ok(claims), _) => Ok(claims.sid),
            // A server that asks for a browser adds an access token, which may have expired, to the cookies.
            (Err(refused), Ok(Some(token))) => known(token).ok_or(refused),
            (Err(refused), Ok(None) | Err(_)) => Err(refused),
        };
    }
    match app.browsers.refresh_token(headers)?.and_then(known) {
        Some(id) => Ok(id),
        None => Ok(app.claims(app.browsers.access_token(&Method::POST, headers)?).await?.sid),
    }
}
