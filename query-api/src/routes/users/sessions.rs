//! `GET /users/{id}/sessions`

use crate::{
    app::App,
    failure::Failure,
    input::Checks,
    respond::{Page, Problems, Reached, cut},
    views::Session,
};
use axum::{extract::State, response::Response};
use events::{Permission, Position, UserId};
use serde::Deserialize;
use service::{
    Caller,
    extract::{Path, Query},
};
use utoipa::IntoParams;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OnePage {
    /// How many, from 1 to 200; 50 unless told.
    pub(crate) limit: Option<String>,
    /// The `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// A person's sessions that stand, the newest first.
///
/// For oneself, or with `sessions:read`.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/sessions", tag = "users", operation_id = "userSessions",
    security(("bearer" = [])),
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The sessions", body = Page<Session>), Problems)
)]
pub(crate) async fn user_sessions(
    State(app): State<App>,
    caller: Caller,
    reached: Reached,
    Path(id): Path<UserId>,
    Query(query): Query<OnePage>,
) -> Result<Response, Failure> {
    caller.must_be_or(id, Permission::SessionsRead)?;
    live_sessions(&app, id, &caller, reached, &query).await
}

/// A page of somebody's sessions that have neither ended nor expired.
pub(crate) async fn live_sessions(
    app: &App,
    user: UserId,
    caller: &Caller,
    reached: Reached,
    query: &OnePage,
) -> Result<Response, Failure> {
    let mut checks = Checks::default();
    let limit = checks.limit(query.limit.as_deref());
    checks.finish()?;
    let list = format!("sessions of {user}");
    let before: Option<Position> = app.open_cursor(&list, query.cursor.as_deref())?;
    let now = app.clock().now();
    let tables = app.read_models();
    let found = tables.sessions_of(user, Some(now), before, limit + 1).await?;
    let mut rows = found.value;
    let next_cursor = cut(&mut rows, limit, |last| app.seal_cursor(&list, &last.started_position));
    let items = rows.into_iter().map(|row| Session::seen_from(row, caller.session_id)).collect();
    reached.answer(app, found.position, &Page { items, next_cursor })
}
