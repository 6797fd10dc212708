//! `PATCH /users/{id}`

use crate::{
    App,
    command::{Path, Permitted},
    domain::{Refusal, User, change_profile},
    failure::Failure,
    input::{Flaws, display_name},
    respond::{self, Done},
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, UserId};
use serde::{Deserialize, Deserializer};
use service::{
    extract::{IfMatch, Json},
    shown,
};
use utoipa::ToSchema;

/// A merge patch (RFC 7396) of the profile: what is left out stays, `null` takes away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatchProfile {
    /// The name that others see, 1 to 200 characters, none of them invisible; `null` for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = "display-name", min_length = 1, max_length = 200)]
    display_name: Option<Option<String>>,
}

/// Changes a part of somebody's profile: one's own, or with `users:write` anybody's.
#[utoipa::path(patch, path = "/api/v1/users/{id}", operation_id = "patchUser", tag = "users",
    security(("bearer" = [])), params(("id" = Uuid, Path, description = "The person"), IfMatch),
    request_body(content((PatchProfile = "application/merge-patch+json"), (PatchProfile = "application/json"))),
    extensions(("x-problems" = json!(["history-full", "user-deleted"]))),
    responses((status = 200, body = shown::User, description = "The person, as they are now"), Problems))]
pub(crate) async fn patch_profile(
    State(app): State<App>,
    Path(id): Path<UserId>,
    Permitted { by, asked, body: Json(body) }: Permitted<Json<PatchProfile>>,
) -> Result<Done, Failure> {
    by.must_be_or(id, Permission::UsersWrite)?;
    app.must_reach(&by, id).await?;
    let mut flaws = Flaws::default();
    let name =
        body.display_name.as_ref().map(|name| name.as_deref().map(display_name).transpose()).transpose();
    let Some(name) = flaws.take("/display_name", name) else { return Err(flaws.problem().into()) };
    let change = |user: &User| match (&name, user.person()) {
        (Some(name), _) => change_profile(user, name.clone()),
        (None, Some(_)) => Ok(vec![]),
        (None, None) => Err(Refusal::UnknownUser),
    };
    let decided = app.decide(&asked, id, change).await?;
    respond::user(&app, &asked, id, &decided)
}

/// Tells a field that is `null` from one that is left out.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
