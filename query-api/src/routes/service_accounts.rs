//! `GET /service-accounts` and `GET /service-accounts/{id}/keys`

use crate::{
    app::App,
    failure::Failure,
    input::{Checks, OnePage},
    respond::{Page, Problems, Reached, cut, paged},
    views,
};
use axum::{extract::State, response::Response};
use events::{Permission, ServiceAccountId};
use service::{
    Principal,
    extract::{Path, Query},
    shown::{ApiKey, ServiceAccount},
};

/// Service accounts, in the order in which they were created.
///
/// Needs `keys:read`.
#[utoipa::path(
    get, path = "/api/v1/service-accounts", tag = "service accounts", operation_id = "listServiceAccounts",
    security(("bearer" = ["keys:read"])),
    params(OnePage),
    responses((status = 200, description = "A page of service accounts", body = Page<ServiceAccount>), Problems)
)]
pub(crate) async fn list_service_accounts(
    State(app): State<App>,
    caller: Principal,
    reached: Reached,
    Query(query): Query<OnePage>,
) -> Result<Response, Failure> {
    const LIST: &str = "service accounts";
    caller.must(Permission::KeysRead)?;
    let mut checks = Checks::default();
    let limit = checks.limit(query.limit.as_deref());
    checks.finish()?;
    let after: Option<ServiceAccountId> = app.open_cursor(LIST, query.cursor.as_deref())?;
    let found = app.read_models().service_accounts(after, limit + 1).await?;
    let mut rows = found.value;
    let next_cursor = cut(&mut rows, limit, |last| app.seal_cursor(LIST, &last.id));
    let items = rows.into_iter().map(views::service_account).collect();
    reached.answer(&app, found.position, &Page { items, next_cursor })
}

/// The keys of a service account that were not revoked, in the order in which they were issued.
///
/// Needs `keys:read`.
#[utoipa::path(
    get, path = "/api/v1/service-accounts/{id}/keys", tag = "service accounts", operation_id = "listKeys",
    security(("bearer" = ["keys:read"])),
    params(("id" = uuid::Uuid, Path, description = "The account"), OnePage),
    responses((status = 200, description = "A page of keys, without their secrets", body = Page<ApiKey>), Problems)
)]
pub(crate) async fn list_keys(
    State(app): State<App>,
    caller: Principal,
    reached: Reached,
    Path(id): Path<ServiceAccountId>,
    Query(query): Query<OnePage>,
) -> Result<Response, Failure> {
    caller.must(Permission::KeysRead)?;
    let found = app.read_models().service_account(id).await?;
    reached.check(&app, found.position)?;
    let account = found.value.ok_or_else(|| app.not_found(found.position))?;
    // Read after the account, so what is known of its use is at least as new.
    let uses = app.read_models().key_uses(id).await?.value;
    let items = account.keys.into_iter().map(|key| {
        let used_at = uses.get(&key.id).copied();
        views::key(key, used_at)
    });
    let page = paged(&app, &format!("keys of {id}"), &query, items.collect())?;
    reached.answer(&app, found.position, &page)
}
