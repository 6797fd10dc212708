//! `DELETE /users/{id}/roles/{role}`

use crate::{
    App,
    command::{Fresh, Nothing, Path, Permitted},
    domain::revoke,
    failure::Failure,
    respond::{Done, granter},
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, RoleName, UserId};
use service::extract::IfMatch;

/// Takes a role from a person that permits no more than one may do oneself. The last admin stays one.
#[utoipa::path(delete, path = "/api/v1/users/{id}/roles/{role}", operation_id = "revokeRole", tag = "users",
    security(("bearer" = ["roles:write"])),
    params(("id" = Uuid, Path, description = "The person"), ("role" = service::openapi::RoleText, Path, description = "The role"), IfMatch),
    extensions(("x-problems" = json!(["insufficient-user-authentication", "last-admin", "role-unknown", "user-deleted"]))),
    responses((status = 204, description = "The person does not have the role"), Problems))]
pub(crate) async fn revoke_role(
    State(app): State<App>,
    Path((id, name)): Path<(UserId, RoleName)>,
    Fresh(Permitted { by, asked, .. }): Fresh<Permitted<Nothing>>,
) -> Result<Done, Failure> {
    by.must(Permission::RolesWrite)?;
    let role = app.role(&name, None).await?.state;
    let decided = app.decide(&asked, id, |user| revoke(user, &name, &role, &granter(&by, id))).await?;
    Ok(Done::no_content(&app, decided.position()))
}
