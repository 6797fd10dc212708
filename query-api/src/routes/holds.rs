//! `GET /holds` and `GET /users/{id}/hold`: read from the log itself, since there are few and they must never be missed.

use crate::{
    app::App,
    failure::Failure,
    input::{Nothing, OnePage},
    respond::{Page, Problems, Reached, paged},
};
use axum::{extract::State, response::Response};
use events::{Fact, HoldName, Permission, StreamName, Timestamp, UserId, Version};
use serde::Serialize;
use service::{
    caller::Principal,
    extract::{Path, Query},
};
use std::collections::BTreeMap;
use store::{log::Stored, vault::Scope};
use utoipa::ToSchema;

/// A hold on a period: its network facts are not forgotten.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PeriodHold {
    #[schema(value_type = String)]
    name: HoldName,
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// The first moment after the period.
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    reason: String,
    #[schema(value_type = String, format = DateTime)]
    placed_at: Timestamp,
    /// Who placed it: `user:{id}` or a program's key.
    placed_by: String,
}

/// A hold on a person: they are not erased.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserHold {
    reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    placed_at: Timestamp,
    /// Who placed it: `user:{id}` or a program's key.
    placed_by: String,
}

/// The holds on periods that stand, by name. There are 200 at most.
///
/// Needs `audit:read`.
#[utoipa::path(
    get, path = "/api/v1/holds", tag = "holds", operation_id = "listHolds",
    security(("bearer" = ["audit:read"])),
    params(OnePage),
    responses((status = 200, description = "A page of holds on periods", body = Page<PeriodHold>), Problems)
)]
pub(crate) async fn list_holds(
    State(app): State<App>,
    caller: Principal,
    reached: Reached,
    Query(query): Query<OnePage>,
) -> Result<Response, Failure> {
    caller.must(Permission::AuditRead)?;
    // Before the stream: what is appended meanwhile may or may not be seen.
    let head = app.log().head().await?;
    let mut holds = BTreeMap::new();
    for Stored { record, .. } in app.log().read_stream(&StreamName::retention(), Version::NONE).await? {
        let fact = record.fact(|_, _| None)?;
        if let Fact::HoldPlaced(hold) = fact {
            let held = PeriodHold {
                name: hold.name.clone(),
                from: hold.from,
                to: hold.to,
                reason: hold.grounds,
                placed_at: record.time,
                placed_by: record.context.actor.to_string(),
            };
            holds.insert(hold.name, held);
        } else if let Fact::HoldLifted(lifted) = fact {
            holds.remove(&lifted.name);
        }
    }
    let page = paged(&app, "holds", &query, holds.into_values().collect())?;
    reached.answer_from_log(&app, head, &page)
}

/// The hold that stands on a person.
///
/// Needs `audit:read`.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/hold", tag = "holds", operation_id = "getUserHold",
    security(("bearer" = ["audit:read"])),
    params(("id" = uuid::Uuid, Path, description = "The person")),
    responses((status = 200, description = "The hold", body = UserHold), Problems)
)]
pub(crate) async fn user_hold(
    State(app): State<App>,
    caller: Principal,
    reached: Reached,
    Path(id): Path<UserId>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Failure> {
    caller.must(Permission::AuditRead)?;
    let head = app.log().head().await?;
    let stream = app.log().read_stream(&StreamName::user(id), Version::NONE).await?;
    let last = stream.iter().rfind(|stored| tells_of_a_hold(&stored.record.event_type));
    let Some(Stored { record, .. }) = last else { return Err(app.not_found(head).into()) };
    let keyring = app.vault().keyring(&record.keys(), Scope::Profiles).await?;
    let Fact::UserHoldPlaced(placed) = record.fact(|context, sealed| keyring.open(context, sealed))? else {
        return Err(app.not_found(head).into());
    };
    let hold = UserHold {
        reason: placed.reason.open().map(|reason| reason.text.clone()),
        placed_at: record.time,
        placed_by: record.context.actor.to_string(),
    };
    reached.answer_from_log(&app, head, &hold)
}

/// An erasure says it too: of who is erased nothing is held any more.
fn tells_of_a_hold(event_type: &str) -> bool {
    event_type.starts_with("user.hold_") || event_type == Fact::UserErased.event_type()
}
