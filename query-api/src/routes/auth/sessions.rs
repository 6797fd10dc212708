//! `GET /auth/sessions`

use crate::{
    app::App,
    failure::Failure,
    respond::{Page, Problems, Reached},
    routes::users::sessions::{OnePage, live_sessions},
    views::Session,
};
use axum::{extract::State, response::Response};
use service::{Caller, extract::Query};

/// My sessions that stand, the newest first.
#[utoipa::path(
    get, path = "/api/v1/auth/sessions", tag = "auth", operation_id = "ownSessions",
    security(("bearer" = [])),
    responses((status = 200, description = "Own sessions", body = Page<Session>), Problems)
)]
pub(crate) async fn own_sessions(
    State(app): State<App>,
    caller: Caller,
    reached: Reached,
    Query(query): Query<OnePage>,
) -> Result<Response, Failure> {
    // Who has just signed in expects to see it.
    app.waits().until_shown(caller.session_position).await?;
    live_sessions(&app, caller.user_id, &caller, reached, &query).await
}
