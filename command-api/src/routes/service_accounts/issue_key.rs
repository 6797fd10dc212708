//! `POST /service-accounts/{id}/keys`

use crate::{
    App,
    command::{Fresh, Path, Signed},
    domain::{Key, NewKey, ServiceAccount, issue_key as issue},
    failure::Failure,
    input::{Flaws, display_name, expiry, permissions},
    respond::{Done, level},
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, ServiceAccountId, Timestamp};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use service::{
    api_key::ApiKey,
    extract::Json,
    problem::{Code, Problem},
};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a key is to be called, what it is to permit, and for how long.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssueKey {
    /// For people.
    #[schema(format = "display-name", min_length = 1, max_length = 200)]
    name: String,
    /// No more than its account may do, nor than one may do oneself.
    #[schema(value_type = Vec<service::openapi::PermissionText>)]
    permissions: Vec<String>,
    /// A time (RFC 3339) that is to come, within 366 days.
    #[schema(format = "key-expiry")]
    expires_at: String,
}

/// A key with its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct IssuedKey {
    id: Uuid,
    /// What `key` begins with.
    prefix: String,
    name: String,
    #[schema(value_type = Vec<String>)]
    permissions: BTreeSet<Permission>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// To be sent as `Authorization: Bearer`. It is shown this once and kept nowhere.
    #[schema(format = Password)]
    key: String,
}

/// Gives an account a key.
#[utoipa::path(post, path = "/api/v1/service-accounts/{id}/keys", operation_id = "issueKey",
    tag = "service accounts", security(("bearer" = ["keys:write"])),
    params(("id" = Uuid, Path, description = "The account")), request_body = IssueKey,
    extensions(("x-problems" = json!(["insufficient-user-authentication", "conflict", "too-many-keys"]))),
    responses((status = 201, body = IssuedKey, description = "The key, this once"), Problems))]
pub(crate) async fn issue_key(
    State(app): State<App>,
    Path(account_id): Path<ServiceAccountId>,
    Fresh(Signed { by, asked, body: Json(body) }): Fresh<Signed<Json<IssueKey>>>,
) -> Result<Done, Failure> {
    by.must(Permission::KeysWrite)?;
    let now = asked.ids.at();
    let mut flaws = Flaws::default();
    let name = flaws.take("/name", display_name(&body.name));
    let permissions = flaws.take("/permissions", permissions(&body.permissions));
    let expires_at = flaws.take("/expires_at", expiry(&body.expires_at, now));
    let (Some(name), Some(permissions), Some(expires_at)) = (name, permissions, expires_at) else {
        return Err(flaws.problem().into());
    };
    // A second try cannot show a secret that is kept nowhere, so none is derived from what the first one left behind.
    let presented = ApiKey::new(asked.ids.key(), account_id, app.entropy.bytes());
    let key = Key { permissions: permissions.clone(), expires_at, secret_hash: presented.secret_hash() };
    let new = NewKey { id: presented.id, name: name.clone(), key };
    let rule = |account: &ServiceAccount| issue(account, new.clone(), now, &level(&by));
    let decided = app.decide(&asked, account_id, rule).await?;
    if decided.facts.is_empty() {
        return Err(shown_before());
    }
    let body = IssuedKey {
        id: presented.id.0,
        prefix: ApiKey::prefix(presented.id),
        name: name.as_str().to_owned(),
        permissions,
        created_at: now,
        expires_at,
        key: presented.text().to_string(),
    };
    Ok(Done::json(&app, decided.position(), StatusCode::CREATED, body))
}

fn shown_before() -> Failure {
    let detail = "This key was issued before, and its secret is shown once. Revoke it and issue another.";
    Problem::new(Code::Conflict).detail(detail).into()
}
