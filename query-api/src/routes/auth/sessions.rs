//! `GET /auth/sessions`

use crate::{
    app::App,
    asking::SignedIn,
    failure::Failure,
    input::OnePage,
    respond::{Page, Problems, Reached},
    routes::users::sessions::live_sessions,
    views::Session,
};
use axum::{extract::State, response::Response};
use service::extract::Query;

/// My sessions that stand, the newest first.
#[utoipa::path(
    get, path = "/api/v1/auth/sessions", tag = "auth", operation_id = "ownSessions",
    security(("bearer" = [])),
    params(OnePage),
    responses((status = 200, description = "Own sessions", body = Page<Session>), Problems)
)]
pub(crate) async fn own_sessions(
    State(app): State<App>,
    SignedIn { claims, .. }: SignedIn,
    reached: Reached,
    Query(query): Query<OnePage>,
) -> Result<Response, Failure> {
    // Who has just signed in expects to see it.
    app.waits().until_shown(claims.pos).await?;
    live_sessions(&app, claims.sub, Some(claims.sid), reached, &query).await
}
