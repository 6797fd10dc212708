//! `POST /users`

use crate::{
    App,
    command::{Asked, Signed},
    domain::{self, Newcomer},
    failure::Failure,
    input::{Address, Flaw, Flaws, display_name},
    respond::{Done, created, granter},
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, RoleName};
use serde::Deserialize;
use service::{extract::Json, shown};
use utoipa::ToSchema;

/// Whom to make an account for. Nobody chooses a password for somebody else.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateUser {
    /// Unique, however its capitals are written.
    email: String,
    /// The name that others see.
    #[serde(default)]
    display_name: Option<String>,
    /// Roles beside `user`; needs `roles:write`.
    #[serde(default)]
    roles: Vec<String>,
}

/// Makes an account for somebody else.
#[utoipa::path(post, path = "/api/v1/users", operation_id = "createUser", tag = "users",
    security(("bearer" = ["users:write"])), request_body = CreateUser,
    responses((status = 201, body = shown::User, description = "The account; `Location` says where"), Problems))]
pub(crate) async fn create_user(
    State(app): State<App>,
    Signed { by, asked, body: Json(body) }: Signed<Json<CreateUser>>,
) -> Result<Done, Failure> {
    by.must(Permission::UsersWrite)?;
    if !body.roles.is_empty() {
        by.must(Permission::RolesWrite)?;
    }
    let (newcomer, names) = newcomer(&asked, body)?;
    let roles = app.roles(names).await?;
    let id = asked.ids.user();
    let create = |user: &_, newcomer| domain::create(user, newcomer, &roles, &granter(&by, id));
    let decided = app.bring_to_be(&asked, id, newcomer, create).await?;
    created(&app, &asked, id, &decided)
}

fn newcomer(asked: &Asked, body: CreateUser) -> Result<(Newcomer, Vec<RoleName>), Failure> {
    let mut flaws = Flaws::default();
    let email = flaws.take("/email", Address::parse(&body.email));
    let name = flaws.take("/display_name", body.display_name.as_deref().map(display_name).transpose());
    let named = body.roles.iter().map(|name| name.parse()).collect::<Result<Vec<RoleName>, _>>();
    let roles = flaws.take("/roles", named.map_err(|_| Flaw::new("role_invalid", "This names no role.")));
    let (Some(email), Some(display_name), Some(roles)) = (email, name, roles) else {
        return Err(flaws.problem().into());
    };
    let network = Some(asked.network.clone());
    Ok((Newcomer { email: email.into_value(), display_name, password_hash: None, network }, roles))
}
