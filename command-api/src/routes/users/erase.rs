//! `POST /users/{id}/erasure`

use crate::{
    App,
    command::{Fresh, Nothing, Path, Permitted},
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
    extensions(("x-problems" = json!(["insufficient-user-authentication", "last-admin", "legal-hold"]))),
    responses((status = 202, description = "The keys are destroyed"), Problems))]
pub(crate) async fn erase_user(
    State(app): State<App>,
    Path(id): Path<UserId>,
    Fresh(Permitted { by, asked, .. }): Fresh<Permitted<Nothing>>,
) -> Result<Done, Failure> {
    by.must(Permission::UsersErase)?;
    app.must_reach(&by, id).await?;
    let decided = app.erase(&asked, id).await?;
    Ok(Done::accepted(&app, decided.position()))
}
