//! `PUT /users/{id}/suspension`

use crate::{
    App,
    command::{Path, Signed},
    domain,
    failure::Failure,
    input::{Flaws, reason},
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, UserId};
use serde::Deserialize;
use service::extract::{IfMatch, Json};
use utoipa::ToSchema;

/// Why somebody is suspended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Suspend {
    /// 1 to 500 characters.
    reason: String,
}

/// Locks a person out until reinstated. Every session of theirs ends.
#[utoipa::path(put, path = "/api/v1/users/{id}/suspension", operation_id = "suspendUser", tag = "users",
    security(("bearer" = ["users:write"])), params(("id" = Uuid, Path, description = "The person"), IfMatch),
    request_body = Suspend,
    responses((status = 204, description = "The person may not sign in"), Problems))]
pub(crate) async fn suspend(
    State(app): State<App>,
    Path(id): Path<UserId>,
    Signed { by, asked, body: Json(body) }: Signed<Json<Suspend>>,
) -> Result<Done, Failure> {
    by.must(Permission::UsersWrite)?;
    let mut flaws = Flaws::default();
    let Some(reason) = flaws.take("/reason", reason(&body.reason)) else {
        return Err(flaws.problem().into());
    };
    let decided = app.decide(&asked, id, |user| domain::suspend(user, reason.clone())).await?;
    Ok(Done::no_content(&app, decided.position()))
}
