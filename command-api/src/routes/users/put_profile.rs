//! `PUT /users/{id}`

use crate::{
    App,
    command::{Path, Permitted},
    domain::change_profile,
    failure::Failure,
    input::{Flaws, display_name},
    respond::{self, Done},
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, UserId};
use serde::Deserialize;
use service::{
    extract::{IfMatch, Json},
    shown,
};
use utoipa::ToSchema;

/// The whole profile. The address has ways of its own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutProfile {
    /// The name that others see, 1 to 200 characters, none of them invisible; `null` for none.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required, format = "display-name", min_length = 1, max_length = 200)]
    display_name: Option<String>,
}

/// Sets somebody's whole profile: one's own, or with `users:write` anybody's.
#[utoipa::path(put, path = "/api/v1/users/{id}", operation_id = "putUser", tag = "users",
    security(("bearer" = [])), params(("id" = Uuid, Path, description = "The person"), IfMatch), request_body = PutProfile,
    extensions(("x-problems" = json!(["history-full", "user-deleted"]))),
    responses((status = 200, body = shown::User, description = "The person, as they are now"), Problems))]
pub(crate) async fn put_profile(
    State(app): State<App>,
    Path(id): Path<UserId>,
    Permitted { by, asked, body: Json(body) }: Permitted<Json<PutProfile>>,
) -> Result<Done, Failure> {
    by.must_be_or(id, Permission::UsersWrite)?;
    app.must_reach(&by, id).await?;
    let mut flaws = Flaws::default();
    let name = flaws.take("/display_name", body.display_name.as_deref().map(display_name).transpose());
    let Some(name) = name else { return Err(flaws.problem().into()) };
    let decided = app.decide(&asked, id, |user| change_profile(user, name.clone())).await?;
    respond::user(&app, &asked, id, &decided)
}
