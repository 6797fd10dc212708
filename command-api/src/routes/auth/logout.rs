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
use http::HeaderMap;
use serde::Deserialize;
use service::{caller::bearer, problem::Code};
use utoipa::ToSchema;

/// The session's refresh token, for whoever has no access token that is still good.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct Logout {
    #[serde(default)]
    #[schema(format = Password)]
    refresh_token: Option<String>,
}

/// Ends the session that the access token or the refresh token is of, everywhere. Signing out twice is once.
#[utoipa::path(post, path = "/api/v1/auth/logout", operation_id = "logout", tag = "auth",
    request_body = Option<Logout>, security(("bearer" = []), ()),
    responses((status = 204, description = "The session has ended"), Problems))]
pub(crate) async fn logout(
    State(app): State<App>,
    headers: HeaderMap,
    Anonymous { asked, body: Maybe(body) }: Anonymous<Maybe<Logout>>,
) -> Result<Done, Failure> {
    let id = session_of(&app, &headers, body.and_then(|body| body.refresh_token))?;
    let owner = app.session_owner(id).await?.ok_or(Failure::new(Code::InvalidToken))?;
    let end = |session: &Session| end_session(session, owner, EndCause::SignedOut);
    let decided = app.decide(&asked.by(owner), id, end).await?;
    Ok(Done::no_content(&app, decided.position()))
}

/// The session of a refresh token, however old, else of an access token. Whether it lives still is not asked: who is
/// signed out already may sign out again.
fn session_of(app: &App, headers: &HeaderMap, refresh_token: Option<String>) -> Result<SessionId, Failure> {
    let known = refresh_token.as_deref().and_then(|token| app.refresh_tokens.read(token));
    match (known, refresh_token, bearer(headers)) {
        (Some((id, _)), _, _) => Ok(id),
        (None, Some(_), Err(_)) => Err(Failure::new(Code::InvalidRefreshToken)),
        (None, _, bearer) => Ok(app.claims(bearer?)?.sid),
    }
}
