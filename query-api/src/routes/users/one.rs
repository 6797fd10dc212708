//! `GET /users/{id}`

use crate::{
    app::App,
    failure::Failure,
    input::Moment,
    past,
    respond::{Problems, Reached},
    views,
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use events::{Permission, UserId};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use service::{
    FieldError, Principal, Problem,
    extract::{Path, Query, etag, unchanged},
    position::EVIDENT_POSITION,
    shown::User,
};

/// When.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OneUser {
    /// A position, or a time (RFC 3339): how the person was then. Needs `audit:read`.
    #[param(format = "as-of")]
    as_of: Option<String>,
}

/// One person.
///
/// For oneself, or with `users:read`.
#[utoipa::path(
    get, path = "/api/v1/users/{id}", tag = "users", operation_id = "getUser",
    security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The person"), OneUser),
    responses(
        (status = 200, description = "The person, with an `ETag` for writes", body = User),
        (status = 304, description = "As the asker knows it (`If-None-Match`)"),
        Problems,
    )
)]
pub(crate) async fn user(
    State(app): State<App>,
    caller: Principal,
    reached: Reached,
    Path(id): Path<UserId>,
    Query(query): Query<OneUser>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    caller.must_be_or(id, Permission::UsersRead)?;
    if let Some(as_of) = query.as_of.as_deref() {
        caller.must(Permission::AuditRead)?;
        return as_it_was(&app, id, as_of, reached).await;
    }
    let found = app.read_models().user(id).await?;
    reached.check(&app, found.position)?;
    let row = found.value.ok_or_else(|| app.not_found(found.position))?;
    let version = row.version;
    let mut answer = match unchanged(&headers, version) {
        true => (StatusCode::NOT_MODIFIED, [(EVIDENT_POSITION, app.position_token(found.position))])
            .into_response(),
        false => reached.answer(&app, found.position, &views::user(row))?,
    };
    answer.headers_mut().insert(header::ETAG, etag(version));
    Ok(answer)
}

/// The past has no `ETag`: nobody can write to it.
async fn as_it_was(app: &App, id: UserId, as_of: &str, reached: Reached) -> Result<Response, Failure> {
    let as_of: Moment = as_of.parse().map_err(|()| {
        let detail = "This should be a position, or a time as in RFC 3339.";
        Problem::validation(vec![FieldError::new("/as_of", "invalid_value", detail)])
    })?;
    let (position, row) = past::user(app, id, as_of).await?;
    let row = row.ok_or_else(|| app.not_found(position))?;
    reached.answer(app, position, &views::user(row))
}
