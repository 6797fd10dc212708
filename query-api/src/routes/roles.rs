//! `GET /roles`

use crate::{
    app::App,
    failure::Failure,
    input::{Checks, OnePage},
    respond::{Page, Problems, Reached, cut},
    views::{built_in_role, defined_role},
};
use axum::{extract::State, response::Response};
use events::{BuiltInRole, Permission, RoleName};
use service::{Principal, extract::Query, shown::Role};

/// All roles, by name: those that come with Evident and those that were defined.
///
/// Needs `roles:read`.
#[utoipa::path(
    get, path = "/api/v1/roles", tag = "roles", operation_id = "listRoles",
    security(("bearer" = ["roles:read"])),
    params(OnePage),
    responses((status = 200, description = "A page of roles", body = Page<Role>), Problems)
)]
pub(crate) async fn list_roles(
    State(app): State<App>,
    caller: Principal,
    reached: Reached,
    Query(query): Query<OnePage>,
) -> Result<Response, Failure> {
    caller.must(Permission::RolesRead)?;
    let mut checks = Checks::default();
    let limit = checks.limit(query.limit.as_deref());
    checks.finish()?;
    let after: Option<RoleName> = app.open_cursor("roles", query.cursor.as_deref())?;
    let defined = app.read_models().roles().await?;
    let built_in = BuiltInRole::ALL.into_iter().map(built_in_role);
    // There are at most a thousand, so the page is cut here.
    let mut items: Vec<Role> = built_in.chain(defined.value.into_iter().map(defined_role)).collect();
    items.sort_by(|one, other| one.name.cmp(&other.name));
    items.retain(|role| after.as_ref().is_none_or(|after| role.name > *after));
    let next_cursor = cut(&mut items, limit, |last| app.seal_cursor("roles", &last.name));
    reached.answer(&app, defined.position, &Page { items, next_cursor })
}
