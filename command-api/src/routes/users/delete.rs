//! `DELETE /users/{id}`

use crate::{
    App,
    command::{Nothing, Path, Permitted},
    domain::delete,
    failure::Failure,
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, UserId};
use service::extract::IfMatch;

/// Closes somebody's account. Sign-in is refused and every session ends at once; the data is erased after a delay.
#[utoipa::path(delete, path = "/api/v1/users/{id}", operation_id = "deleteUser", tag = "users",
    security(("bearer" = ["users:write"])), params(("id" = Uuid, Path, description = "The person"), IfMatch),
    extensions(("x-problems" = json!(["last-admin", "user-deleted"]))),
    responses((status = 202, description = "The account is closed"), Problems))]
pub(crate) async fn delete_user(
    State(app): State<App>,
    Path(id): Path<UserId>,
    Permitted { by, asked, .. }: Permitted<Nothing>,
) -> Result<Done, Failure> {
    by.must(Permission::UsersWrite)?;
    app.must_reach(&by, id).await?;
    let decided = app.close(&asked, id, delete).await?;
    Ok(Done::accepted(&app, decided.position()))
}
