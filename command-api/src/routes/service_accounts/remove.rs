//! `DELETE /service-accounts/{id}`

use crate::{
    App,
    command::{Nothing, Path, Signed},
    domain::{ServiceAccount, remove_service_account as remove},
    failure::Failure,
    respond::{Done, level},
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, ServiceAccountId};

/// Ends an account and all of its keys, everywhere.
#[utoipa::path(delete, path = "/api/v1/service-accounts/{id}", operation_id = "removeServiceAccount",
    tag = "service accounts", security(("bearer" = ["keys:write"])),
    params(("id" = Uuid, Path, description = "The account")),
    responses((status = 204, description = "The account and its keys are over"), Problems))]
pub(crate) async fn remove_service_account(
    State(app): State<App>,
    Path(id): Path<ServiceAccountId>,
    Signed { by, asked, .. }: Signed<Nothing>,
) -> Result<Done, Failure> {
    by.must(Permission::KeysWrite)?;
    let decided = app.decide(&asked, id, |account: &ServiceAccount| remove(account, &level(&by))).await?;
    Ok(Done::no_content(&app, decided.position()))
}
