//! `POST /users/{id}/erasure`

use crate::{
    App,
    command::{Nothing, Path, Signed},
    failure::Failure,
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, UserId};
use service::extract::IfMatch;

/// Destroys a person's keys, now and for good: nobody can read again what they sealed.
#[utoipa::path(post, path = "/api/v1/users/{id}/erasure", operation_id = "eraseUser", tag = "users",
    security(("bearer" = ["users:erase"])), params(("id" = Uuid, Path, description = "The person"), IfMatch),
    responses((status = 202, description = "The keys are destroyed"), Problems))]
pub(crate) async fn erase_user(
    State(app): State<App>,
    Path(id): Path<UserId>,
    Signed { by, asked, .. }: Signed<Nothing>,
) -> Result<Done, Failure> {
    by.must(Permission::UsersErase)?;
    let decided = app.erase(&asked, id).await?;
    Ok(Done::accepted(&app, decided.position()))
}
