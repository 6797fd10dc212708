//! `DELETE /users/{id}/factors`

use crate::{
    App,
    command::{Fresh, Nothing, Path, Permitted},
    domain::{User, remove_factors_of},
    failure::Failure,
    respond::{Done, granter},
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, UserId};
use service::extract::IfMatch;

/// Takes the second factor of somebody who lost it, and may do no more than one may oneself. Every session of theirs ends.
#[utoipa::path(delete, path = "/api/v1/users/{id}/factors", operation_id = "removeFactors", tag = "users",
    security(("bearer" = ["users:write"])), params(("id" = Uuid, Path, description = "The person"), IfMatch),
    extensions(("x-problems" = json!(["insufficient-user-authentication", "user-deleted"]))),
    responses((status = 204, description = "Signing in asks for the password alone"), Problems))]
pub(crate) async fn remove_factors(
    State(app): State<App>,
    Path(id): Path<UserId>,
    Fresh(Permitted { by, asked, .. }): Fresh<Permitted<Nothing>>,
) -> Result<Done, Failure> {
    by.must(Permission::UsersWrite)?;
    app.must_reach(&by, id).await?;
    let remove = |user: &User| remove_factors_of(user, &granter(&by, id));
    let decided = app.decide(&asked, id, remove).await?;
    Ok(Done::no_content(&app, decided.position()))
}
