//! `GET /users/{id}/sessions`

use crate::{
    app::App,
    failure::Failure,
    input::{Checks, OnePage},
    respond::{Page, Problems, Reached, cut},
    views::Session,
};
use axum::{extract::State, response::Response};
use events::{Permission, Position, SessionId, UserId};
use read_models::Living;
use service::{
    Principal,
    extract::{Path, Query},
};

/// A person's sessions that stand, the newest first.
///
/// For oneself, or with `sessions:read`.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/sessions", tag = "users", operation_id = "userSessions",
    security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The person"), OnePage),
    responses((status = 200, description = "The sessions", body = Page<Session>), Problems)
)]
pub(crate) async fn user_sessions(
    State(app): State<App>,
    caller: Principal,
    reached: Reached,
    Path(id): Path<UserId>,
    Query(query): Query<OnePage>,
) -> Result<Response, Failure> {
    caller.must_be_or(id, Permission::SessionsRead)?;
    live_sessions(&app, id, caller.session(), reached, &query).await
}

/// A page of somebody's sessions that have neither ended nor expired, nor been idle for too long.
pub(crate) async fn live_sessions(
    app: &App,
    user: UserId,
    asking: Option<SessionId>,
    reached: Reached,
    query: &OnePage,
) -> Result<Response, Failure> {
    let mut checks = Checks::default();
    let limit = checks.limit(query.limit.as_deref());
    checks.finish()?;
    let list = format!("sessions of {user}");
    let before: Option<Position> = app.open_cursor(&list, query.cursor.as_deref())?;
    let (now, idle) = (app.clock().now(), app.idle_ttl());
    let living = Living { at: now, seen_after: now.before(idle) };
    let tables = app.read_models();
    let found = tables.sessions_of(user, Some(living), before, limit + 1).await?;
    let mut rows = found.value;
    let next_cursor = cut(&mut rows, limit, |last| app.seal_cursor(&list, &last.started_position));
    // Whoever is not there has no sessions, and is told apart from whoever has none.
    if rows.is_empty() && before.is_none() && tables.user(user).await?.value.is_none() {
        return Err(app.not_found(found.position).into());
    }
    let items = rows.into_iter().map(|row| Session::seen_from(row, asking, idle)).collect();
    reached.answer(app, found.position, &Page { items, next_cursor })
}
