//! `PUT /users/{id}/suspension`

use crate::{
    App,
    command::{Path, Permitted},
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
    /// 1 to 500 characters, none of them invisible.
    #[schema(format = "reason", min_length = 1, max_length = 500)]
    reason: String,
}

/// Locks a person out until reinstated. Every session of theirs ends.
#[utoipa::path(put, path = "/api/v1/users/{id}/suspension", operation_id = "suspendUser", tag = "users",
    security(("bearer" = ["users:write"])), params(("id" = Uuid, Path, description = "The person"), IfMatch),
    request_body = Suspend,
    extensions(("x-problems" = json!(["last-admin", "user-deleted"]))),
    responses((status = 204, description = "The person may not sign in"), Problems))]
pub(crate) async fn suspend(
    State(app): State<App>,
    Path(id): Path<UserId>,
    Permitted { by, asked, body: Json(body) }: Permitted<Json<Suspend>>,
) -> Result<Done, Failure> {
    by.must(Permission::UsersWrite)?;
    app.must_reach(&by, id).await?;
    let mut flaws = Flaws::default();
    let Some(reason) = flaws.take("/reason", reason(&body.reason)) else {
        return Err(flaws.problem().into());
    };
    let decided = app.decide(&asked, id, |user| domain::suspend(user, reason.clone())).await?;
    Ok(Done::no_content(&app, decided.position()))
}
