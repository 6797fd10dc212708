//! `PUT /roles/{name}`

use crate::{
    App,
    command::{Fresh, Path, Permitted},
    domain::{self, Granter},
    failure::Failure,
    input::{Flaws, permissions},
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, RoleName, Version};
use http::StatusCode;
use serde::Deserialize;
use service::{
    extract::{IfMatch, Json},
    shown::Role,
};
use utoipa::ToSchema;

/// All that a role is to permit.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DefineRole {
    /// For example `users:read`.
    #[schema(value_type = Vec<service::openapi::PermissionText>)]
    permissions: Vec<String>,
}

/// Says what a role permits from now on: no more than one may do oneself. Whoever has it may do so at once.
#[utoipa::path(put, path = "/api/v1/roles/{name}", operation_id = "defineRole", tag = "roles",
    security(("bearer" = ["roles:write"])), params(("name" = service::openapi::RoleText, Path, description = "The role"), IfMatch),
    request_body = DefineRole,
    extensions(("x-problems" = json!(["insufficient-user-authentication", "conflict", "built-in-role"]))),
    responses((status = 200, body = Role, description = "The role, as it is now"),
        (status = 201, body = Role, description = "The role, which is new"), Problems))]
pub(crate) async fn define_role(
    State(app): State<App>,
    Path(name): Path<RoleName>,
    Fresh(Permitted { by, asked, body: Json(body) }): Fresh<Permitted<Json<DefineRole>>>,
) -> Result<Done, Failure> {
    by.must(Permission::RolesWrite)?;
    let mut flaws = Flaws::default();
    let permissions = flaws.take("/permissions", permissions(&body.permissions));
    let Some(permissions) = permissions else { return Err(flaws.problem().into()) };
    let definer = Granter { permissions: by.permissions(), is_subject: app.has_role(&by, &name).await? };
    let define = |role: &_| domain::define(&name, role, permissions.clone(), &definer);
    let decided = app.decide(&asked, name.clone(), define).await?;
    let version = decided.version();
    let is_new = version == Version(1) && (decided.before.done || !decided.facts.is_empty());
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let body = Role { name, permissions, built_in: false, version: version.0 };
    Ok(Done::json(&app, decided.position(), status, body).version(version))
}
