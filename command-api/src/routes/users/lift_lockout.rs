//! `DELETE /users/{id}/lockout`

use crate::{
    App,
    command::{Nothing, Path, Permitted},
    failure::Failure,
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, UserId};

/// Lets people try passwords again on an account that was locked out.
#[utoipa::path(delete, path = "/api/v1/users/{id}/lockout", operation_id = "liftLockout", tag = "users",
    security(("bearer" = ["users:write"])), params(("id" = Uuid, Path, description = "The person")),
    extensions(("x-problems" = json!(["user-deleted"]))),
    responses((status = 204, description = "The account accepts sign-ins"), Problems))]
pub(crate) async fn lift_lockout(
    State(app): State<App>,
    Path(id): Path<UserId>,
    Permitted { by, asked, .. }: Permitted<Nothing>,
) -> Result<Done, Failure> {
    by.must(Permission::UsersWrite)?;
    app.must_reach(&by, id).await?;
    let decided = app.lift_lockout(&asked, id).await?;
    Ok(Done::no_content(&app, decided.position()))
}
