//! `PUT /users/{id}/hold`

use crate::{
    App,
    command::{Fresh, Path, Permitted},
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

/// Why somebody must not be erased.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HoldUser {
    /// 1 to 500 characters, none of them invisible.
    #[schema(format = "reason", min_length = 1, max_length = 500)]
    reason: String,
}

/// Keeps a person from being erased until the hold is lifted. They are not told.
#[utoipa::path(put, path = "/api/v1/users/{id}/hold", operation_id = "holdUser", tag = "holds",
    security(("bearer" = ["holds:write"])), params(("id" = Uuid, Path, description = "The person"), IfMatch),
    request_body = HoldUser,
    extensions(("x-problems" = json!(["insufficient-user-authentication"]))),
    responses((status = 204, description = "The person is not erased while the hold stands"), Problems))]
pub(crate) async fn place_hold(
    State(app): State<App>,
    Path(id): Path<UserId>,
    Fresh(Permitted { by, asked, body: Json(body) }): Fresh<Permitted<Json<HoldUser>>>,
) -> Result<Done, Failure> {
    by.must(Permission::HoldsWrite)?;
    let mut flaws = Flaws::default();
    let Some(reason) = flaws.take("/reason", reason(&body.reason)) else {
        return Err(flaws.problem().into());
    };
    let decided = app.decide(&asked, id, |user| domain::place_hold(user, reason.clone())).await?;
    Ok(Done::no_content(&app, decided.position()))
}
