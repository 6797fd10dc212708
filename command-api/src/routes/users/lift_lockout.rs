//! `DELETE /users/{id}/lockout`

use crate::{
    App,
    command::{Nothing, Path, Signed},
    failure::Failure,
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, UserId};

/// Lets people try passwords again on an account that was locked out.
#[utoipa::path(delete, path = "/api/v1/users/{id}/lockout", operation_id = "liftLockout", tag = "users",
    security(("bearer" = ["users:write"])), params(("id" = Uuid, Path, description = "The person")),
    responses((status = 204, description = "The account accepts sign-ins"), Problems))]
pub(crate) async fn lift_lockout(
    State(app): State<App>,
    Path(id): Path<UserId>,
    Signed { by, asked, .. }: Signed<Nothing>,
) -> Result<Done, Failure> {
    by.must(Permission::UsersWrite)?;
    let decided = app.lift_lockout(&asked, id).await?;
    Ok(Done::no_content(&app, decided.position()))
}
