//! `DELETE /roles/{name}`

use crate::{
    App,
    command::{Fresh, Nothing, Path, Permitted},
    domain::{Granter, remove},
    failure::Failure,
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, RoleName};
use service::extract::IfMatch;

/// Removes a role. Whoever has it keeps its name, which permits nothing any more.
#[utoipa::path(delete, path = "/api/v1/roles/{name}", operation_id = "removeRole", tag = "roles",
    security(("bearer" = ["roles:write"])), params(("name" = service::openapi::RoleText, Path, description = "The role"), IfMatch),
    extensions(("x-problems" = json!(["insufficient-user-authentication", "built-in-role", "role-unknown"]))),
    responses((status = 204, description = "The role permits nothing"), Problems))]
pub(crate) async fn remove_role(
    State(app): State<App>,
    Path(name): Path<RoleName>,
    Fresh(Permitted { by, asked, .. }): Fresh<Permitted<Nothing>>,
) -> Result<Done, Failure> {
    by.must(Permission::RolesWrite)?;
    let remover = Granter { permissions: by.permissions(), is_subject: false };
    let decided = app.decide(&asked, name.clone(), |role| remove(&name, role, &remover)).await?;
    Ok(Done::no_content(&app, decided.position()))
}
