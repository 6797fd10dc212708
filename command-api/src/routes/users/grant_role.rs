//! `PUT /users/{id}/roles/{role}`

use crate::{
    App,
    command::{Fresh, Nothing, Path, Permitted},
    domain::grant,
    failure::Failure,
    respond::{Done, granter},
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, RoleName, UserId};
use service::extract::IfMatch;

/// Gives a person a role that permits no more than one may do oneself.
#[utoipa::path(put, path = "/api/v1/users/{id}/roles/{role}", operation_id = "grantRole", tag = "users",
    security(("bearer" = ["roles:write"])),
    params(("id" = Uuid, Path, description = "The person"), ("role" = service::openapi::RoleText, Path, description = "The role"), IfMatch),
    extensions(("x-problems" = json!(["insufficient-user-authentication", "role-unknown", "too-many-roles", "user-deleted"]))),
    responses((status = 204, description = "The person has the role"), Problems))]
pub(crate) async fn grant_role(
    State(app): State<App>,
    Path((id, name)): Path<(UserId, RoleName)>,
    Fresh(Permitted { by, asked, .. }): Fresh<Permitted<Nothing>>,
) -> Result<Done, Failure> {
    by.must(Permission::RolesWrite)?;
    let role = app.role(&name, None).await?.state;
    let decided = app.decide(&asked, id, |user| grant(user, &name, &role, &granter(&by, id))).await?;
    Ok(Done::no_content(&app, decided.position()))
}
