//! `POST /service-accounts`

use crate::{
    App,
    command::Signed,
    domain::{ServiceAccount, create_service_account as create},
    failure::Failure,
    input::{Flaws, display_name, permissions},
    respond::{Done, level},
    routes::Problems,
};
use axum::extract::State;
use events::Permission;
use http::StatusCode;
use serde::Deserialize;
use service::{extract::Json, shown};
use utoipa::ToSchema;

/// What a program is to be called, and the most that it may ever do.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateServiceAccount {
    /// For people. It stays in the history, so it is to name a machine.
    #[schema(format = "display-name", min_length = 1, max_length = 200)]
    name: String,
    /// The most that its keys may permit, and no more than one may do oneself.
    #[schema(value_type = Vec<service::openapi::PermissionText>)]
    permissions: Vec<String>,
}

/// Gives a program an account of its own. By itself it opens nothing: its keys do.
#[utoipa::path(post, path = "/api/v1/service-accounts", operation_id = "createServiceAccount",
    tag = "service accounts", security(("bearer" = ["keys:write"])), request_body = CreateServiceAccount,
    responses((status = 201, body = shown::ServiceAccount, description = "The account"), Problems))]
pub(crate) async fn create_service_account(
    State(app): State<App>,
    Signed { by, asked, body: Json(body) }: Signed<Json<CreateServiceAccount>>,
) -> Result<Done, Failure> {
    by.must(Permission::KeysWrite)?;
    let mut flaws = Flaws::default();
    let name = flaws.take("/name", display_name(&body.name));
    let permissions = flaws.take("/permissions", permissions(&body.permissions));
    let (Some(name), Some(permissions)) = (name, permissions) else { return Err(flaws.problem().into()) };
    let id = asked.ids.service_account();
    let rule = |account: &ServiceAccount| create(account, name.clone(), permissions.clone(), &level(&by));
    let decided = app.decide(&asked, id, rule).await?;
    let (name, created_at) = (name.as_str().to_owned(), asked.ids.at());
    let body = shown::ServiceAccount { id: id.0, name, permissions, created_at };
    Ok(Done::json(&app, decided.position(), StatusCode::CREATED, body))
}
