//! `POST /users`

use crate::{
    App,
    command::Permitted,
    domain::{self, MAX_ROLES, Newcomer},
    failure::Failure,
    input::{Address, Flaw, Flaws, display_name},
    respond::{Done, created, granter},
    routes::Problems,
};
use axum::extract::State;
use events::{Network, Permission, RoleName};
use serde::Deserialize;
use service::{extract::Json, shown};
use utoipa::ToSchema;

/// Whom to make an account for. Nobody chooses a password for somebody else.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateUser {
    /// Unique, however its capitals are written.
    #[schema(format = Email, min_length = 3, max_length = 254)]
    email: String,
    /// The name that others see: 1 to 200 characters, none of them invisible.
    #[serde(default)]
    #[schema(format = "display-name", min_length = 1, max_length = 200)]
    display_name: Option<String>,
    /// Roles beside `user`, at most 16; needs `roles:write`.
    #[serde(default)]
    #[schema(value_type = Vec<service::openapi::RoleText>, max_items = 16)]
    roles: Vec<String>,
    /// Whether the person is asked by mail to choose a password.
    #[serde(default)]
    invite: bool,
}

/// Makes an account for somebody else.
#[utoipa::path(post, path = "/api/v1/users", operation_id = "createUser", tag = "users",
    security(("bearer" = ["users:write"])), request_body = CreateUser,
    extensions(("x-problems" = json!(["insufficient-user-authentication", "conflict", "email-taken", "role-unknown"]))),
    responses((status = 201, body = shown::User, description = "The account; `Location` says where"), Problems))]
pub(crate) async fn create_user(
    State(app): State<App>,
    Permitted { by, asked, body: Json(body) }: Permitted<Json<CreateUser>>,
) -> Result<Done, Failure> {
    by.must(Permission::UsersWrite)?;
    if !body.roles.is_empty() {
        by.must(Permission::RolesWrite)?;
        app.must_be_fresh(&by)?;
    }
    let invite = body.invite;
    let (newcomer, names) = newcomer(body)?;
    let roles = app.roles(names).await?;
    let id = asked.ids.user();
    let create = |user: &_, newcomer| match invite {
        true => domain::invite(user, newcomer, &roles, &granter(&by, id)),
        false => domain::create(user, newcomer, &roles, &granter(&by, id)),
    };
    let decided = app.bring_to_be(&asked, id, newcomer, create).await?;
    created(&app, &asked, id, &decided)
}

fn newcomer(body: CreateUser) -> Result<(Newcomer, Vec<RoleName>), Failure> {
    let mut flaws = Flaws::default();
    let email = flaws.take("/email", Address::parse(&body.email));
    let name = flaws.take("/display_name", body.display_name.as_deref().map(display_name).transpose());
    let roles = flaws.take("/roles", roles(&body.roles));
    let (Some(email), Some(display_name), Some(roles)) = (email, name, roles) else {
        return Err(flaws.problem().into());
    };
    // Where the one is who makes the account is not for its person to read.
    let network = Some(Network::UNKNOWN);
    Ok((Newcomer { email: email.into_value(), display_name, password_hash: None, network }, roles))
}

fn roles(names: &[String]) -> Result<Vec<RoleName>, Flaw> {
    if names.len() > MAX_ROLES {
        return Err(Flaw::new("too_long", "These are more than 16 roles."));
    }
    let named = names.iter().map(|name| name.parse()).collect::<Result<Vec<RoleName>, _>>();
    named.map_err(|_| Flaw::new("role_invalid", "This names no role."))
}
