//! `DELETE /roles/{name}`

use crate::{
    App,
    command::{Nothing, Path, Signed},
    domain::remove,
    failure::Failure,
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, RoleName};
use service::extract::IfMatch;

/// Removes a role. Whoever has it keeps its name, which permits nothing any more.
#[utoipa::path(delete, path = "/api/v1/roles/{name}", operation_id = "removeRole", tag = "roles",
    security(("bearer" = ["roles:write"])), params(("name" = String, Path, description = "The role"), IfMatch),
    responses((status = 204, description = "The role permits nothing"), Problems))]
pub(crate) async fn remove_role(
    State(app): State<App>,
    Path(name): Path<RoleName>,
    Signed { by, asked, .. }: Signed<Nothing>,
) -> Result<Done, Failure> {
    by.must(Permission::RolesWrite)?;
    let decided = app.decide(&asked, name.clone(), |role| remove(&name, role)).await?;
    Ok(Done::no_content(&app, decided.position()))
}
