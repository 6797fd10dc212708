//! `DELETE /users/{id}/roles/{role}`

use crate::{
    App,
    command::{Nothing, Path, Signed},
    domain::revoke,
    failure::Failure,
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, RoleName, UserId};
use service::extract::IfMatch;

/// Takes a role from a person. The last admin stays one.
#[utoipa::path(delete, path = "/api/v1/users/{id}/roles/{role}", operation_id = "revokeRole", tag = "users",
    security(("bearer" = ["roles:write"])),
    params(("id" = Uuid, Path, description = "The person"), ("role" = String, Path, description = "The role"), IfMatch),
    responses((status = 204, description = "The person does not have the role"), Problems))]
pub(crate) async fn revoke_role(
    State(app): State<App>,
    Path((id, name)): Path<(UserId, RoleName)>,
    Signed { by, asked, .. }: Signed<Nothing>,
) -> Result<Done, Failure> {
    by.must(Permission::RolesWrite)?;
    let decided = app.decide(&asked, id, |user| revoke(user, &name)).await?;
    Ok(Done::no_content(&app, decided.position()))
}
