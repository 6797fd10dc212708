//! `DELETE /service-accounts/{id}/keys/{key}`

use crate::{
    App,
    command::{Nothing, Path, Signed},
    domain::{ServiceAccount, revoke_key as revoke},
    failure::Failure,
    respond::{Done, level},
    routes::Problems,
};
use axum::extract::State;
use events::{KeyId, Permission, ServiceAccountId};

/// Ends one key of an account, everywhere.
#[utoipa::path(delete, path = "/api/v1/service-accounts/{id}/keys/{key}", operation_id = "revokeKey",
    tag = "service accounts", security(("bearer" = ["keys:write"])),
    params(("id" = Uuid, Path, description = "The account"), ("key" = Uuid, Path, description = "The key")),
    responses((status = 204, description = "The key no longer holds"), Problems))]
pub(crate) async fn revoke_key(
    State(app): State<App>,
    Path((id, key)): Path<(ServiceAccountId, KeyId)>,
    Signed { by, asked, .. }: Signed<Nothing>,
) -> Result<Done, Failure> {
    by.must(Permission::KeysWrite)?;
    let rule = |account: &ServiceAccount| revoke(account, key, &level(&by));
    let decided = app.decide(&asked, id, rule).await?;
    Ok(Done::no_content(&app, decided.position()))
}
