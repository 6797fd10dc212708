//! `DELETE /users/{id}/picture`

use crate::{
    App,
    command::{Nothing, Path, Permitted},
    failure::Failure,
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, UserId};
use service::extract::IfMatch;

/// Takes somebody's picture away: one's own, or with `users:write` anybody's.
#[utoipa::path(delete, path = "/api/v1/users/{id}/picture", operation_id = "deletePicture", tag = "users",
    security(("bearer" = [])), params(("id" = Uuid, Path, description = "The person"), IfMatch),
    extensions(("x-problems" = json!(["user-deleted"]))),
    responses((status = 204, description = "There is no picture any more"), Problems))]
pub(crate) async fn delete_picture(
    State(app): State<App>,
    Path(id): Path<UserId>,
    Permitted { by, asked, body: Nothing }: Permitted<Nothing>,
) -> Result<Done, Failure> {
    by.must_be_or(id, Permission::UsersWrite)?;
    app.must_reach(&by, id).await?;
    let decided = app.remove_picture(&asked, id).await?;
    Ok(Done::no_content(&app, decided.position()))
}
