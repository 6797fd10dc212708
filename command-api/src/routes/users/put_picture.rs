//! `PUT /users/{id}/picture`

use crate::{
    App,
    command::{Path, Permitted},
    failure::Failure,
    respond::{self, Done},
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, UserId};
use service::{
    extract::{IfMatch, Upload},
    shown,
};
use utoipa::ToSchema;

/// A picture.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it says what the form holds, which is read field by field")]
pub(crate) struct PictureForm {
    /// A PNG, a JPEG or a WebP of at most 1 MiB and 16 million pixels.
    #[schema(format = Binary, content_media_type = "application/octet-stream", value_type = String)]
    file: Vec<u8>,
}

/// Sets somebody's picture: one's own, or with `users:write` anybody's. It is written anew, at most 512 pixels along a side,
/// and without anything that was in the file besides.
#[utoipa::path(put, path = "/api/v1/users/{id}/picture", operation_id = "putPicture", tag = "users",
    security(("bearer" = [])), params(("id" = Uuid, Path, description = "The person"), IfMatch),
    request_body(content = PictureForm, content_type = "multipart/form-data"),
    extensions(("x-problems" = json!(["history-full", "user-deleted"]))),
    responses((status = 200, body = shown::User, description = "The person, as they are now"), Problems))]
pub(crate) async fn put_picture(
    State(app): State<App>,
    Path(id): Path<UserId>,
    Permitted { by, asked, body: mut upload }: Permitted<Upload>,
) -> Result<Done, Failure> {
    by.must_be_or(id, Permission::UsersWrite)?;
    app.must_reach(&by, id).await?;
    let file = upload.file("file")?;
    upload.nothing_else()?;
    let made = app.made_picture(file).await?;
    let decided = app.change_picture(&asked, id, made).await?;
    respond::user(&app, &asked, id, &decided)
}
