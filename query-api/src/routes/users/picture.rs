//! `GET /users/{id}/picture`

use crate::{
    app::App,
    failure::Failure,
    picture::picture,
    respond::{Problems, Reached},
    wait::behind,
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use events::{Permission, UserId};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use service::{
    Principal,
    extract::{Path, has},
    position::EVIDENT_POSITION,
};

/// A file is no page, wherever it is opened: it runs nothing and frames nothing.
const SANDBOX: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'");
/// Whoever may see it may keep it, and asks each time whether it is still the one.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Somebody's picture.
///
/// For oneself, or with `users:read`.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/picture", tag = "users", operation_id = "getPicture",
    security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The person")),
    responses(
        (status = 200, description = "The picture, with an `ETag`",
            content((String = "image/jpeg"), (String = "image/png"))),
        (status = 304, description = "As the asker has it (`If-None-Match`)"),
        Problems,
    )
)]
pub(crate) async fn user_picture(
    State(app): State<App>,
    caller: Principal,
    reached: Reached,
    Path(id): Path<UserId>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    caller.must_be_or(id, Permission::UsersRead)?;
    let (position, found) = picture(&app, id).await?;
    if position < reached.0 {
        return Err(behind());
    }
    let found = found.ok_or_else(|| app.not_found(position))?;
    let tag = HeaderValue::try_from(format!("\"{}\"", found.picture.sha256));
    let tag = tag.unwrap_or(HeaderValue::from_static("\"\""));
    let about = [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, ASK_AGAIN),
        (header::CONTENT_SECURITY_POLICY, SANDBOX),
        (EVIDENT_POSITION, app.position_token(position)),
    ];
    if has(&headers, &found.picture.sha256) {
        return Ok((StatusCode::NOT_MODIFIED, about).into_response());
    }
    let media_type = HeaderValue::from_static(found.picture.media_type.as_str());
    Ok(([(header::CONTENT_TYPE, media_type)], about, found.bytes).into_response())
}
