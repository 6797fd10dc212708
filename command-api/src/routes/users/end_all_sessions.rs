//! `DELETE /users/{id}/sessions`

use crate::{
    App,
    command::{Nothing, Path, Permitted},
    domain::revoke_sessions,
    failure::Failure,
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, UserId};
use service::extract::IfMatch;

/// Ends every session of a person.
#[utoipa::path(delete, path = "/api/v1/users/{id}/sessions", operation_id = "endSessions", tag = "users",
    security(("bearer" = ["sessions:revoke"])), params(("id" = Uuid, Path, description = "The person"), IfMatch),
    extensions(("x-problems" = json!(["user-deleted"]))),
    responses((status = 204, description = "The sessions have ended"), Problems))]
pub(crate) async fn end_all_sessions(
    State(app): State<App>,
    Path(id): Path<UserId>,
    Permitted { by, asked, .. }: Permitted<Nothing>,
) -> Result<Done, Failure> {
    by.must(Permission::SessionsRevoke)?;
    app.must_reach(&by, id).await?;
    let decided = app.decide(&asked, id, revoke_sessions).await?;
    Ok(Done::no_content(&app, decided.position()))
}
