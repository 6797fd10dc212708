//! `PUT /roles/{name}`

use crate::{
    App,
    command::{Path, Signed},
    domain::{self, Granter},
    failure::Failure,
    input::{Flaw, Flaws},
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
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// All that a role is to permit.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DefineRole {
    /// For example `users:read`.
    permissions: Vec<String>,
}

/// Says what a role permits from now on: no more than one may do oneself. Whoever has it may do so at once.
#[utoipa::path(put, path = "/api/v1/roles/{name}", operation_id = "defineRole", tag = "roles",
    security(("bearer" = ["roles:write"])), params(("name" = String, Path, description = "The role"), IfMatch),
    request_body = DefineRole,
    responses((status = 200, body = Role, description = "The role, as it is now"),
        (status = 201, body = Role, description = "The role, which is new"), Problems))]
pub(crate) async fn define_role(
    State(app): State<App>,
    Path(name): Path<RoleName>,
    Signed { by, asked, body: Json(body) }: Signed<Json<DefineRole>>,
) -> Result<Done, Failure> {
    by.must(Permission::RolesWrite)?;
    let permissions = permissions(&body)?;
    let definer = Granter { permissions: &by.permissions, is_subject: false };
    let define = |role: &_| domain::define(&name, role, permissions.clone(), &definer);
    let decided = app.decide(&asked, name.clone(), define).await?;
    let version = decided.version();
    let status = if version == Version(1) { StatusCode::CREATED } else { StatusCode::OK };
    let body = Role { name, permissions, built_in: false, version: version.0 };
    Ok(Done::json(&app, decided.position(), status, body).version(version))
}

fn permissions(body: &DefineRole) -> Result<BTreeSet<Permission>, Failure> {
    let mut flaws = Flaws::default();
    let read: Option<_> = body.permissions.iter().map(|text| Permission::from_text(text)).collect();
    let known = read.ok_or_else(|| Flaw::new("permission_unknown", "There is no such permission."));
    flaws.take("/permissions", known).ok_or_else(|| flaws.problem().into())
}
