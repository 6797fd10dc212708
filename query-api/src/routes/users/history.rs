//! `GET /users/{id}/history`

use crate::{
    app::App,
    audit::{AuditEvent, page},
    failure::Failure,
    input::{Checks, OnePage},
    respond::{Page, Problems, Reached},
};
use axum::{extract::State, response::Response};
use events::{Permission, UserId};
use read_models::AuditFilter;
use service::{
    Principal,
    extract::{Path, Query},
};

/// Every event about a person, the newest first.
///
/// For oneself, or with `audit:read`.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/history", tag = "users", operation_id = "userHistory",
    security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The person"), OnePage),
    responses((status = 200, description = "A page of events", body = Page<AuditEvent>), Problems)
)]
pub(crate) async fn history(
    State(app): State<App>,
    caller: Principal,
    reached: Reached,
    Path(id): Path<UserId>,
    Query(query): Query<OnePage>,
) -> Result<Response, Failure> {
    caller.must_be_or(id, Permission::AuditRead)?;
    let mut checks = Checks::default();
    let limit = checks.limit(query.limit.as_deref());
    checks.finish()?;
    let filter = AuditFilter {
        user_id: Some(id),
        // Who is held must not learn of it.
        without_holds: !caller.may(Permission::AuditRead),
        ..AuditFilter::default()
    };
    let (position, events) = page(&app, filter, query.cursor.as_deref(), limit).await?;
    if events.items.is_empty() && query.cursor.is_none() {
        return Err(app.not_found(position).into());
    }
    reached.answer(&app, position, &events)
}
