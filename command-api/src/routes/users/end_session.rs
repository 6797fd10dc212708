//! `DELETE /users/{id}/sessions/{session}`

use crate::{
    App,
    command::{Nothing, Path, Permitted},
    domain::{Session, end_session as end},
    failure::Failure,
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use events::{EndCause, Permission, SessionId, UserId};

/// Ends one session of a person.
#[utoipa::path(delete, path = "/api/v1/users/{id}/sessions/{session}", operation_id = "endSession", tag = "users",
    security(("bearer" = ["sessions:revoke"])),
    params(("id" = Uuid, Path, description = "The person"), ("session" = Uuid, Path, description = "The session")),
    extensions(("x-problems" = json!(["user-deleted"]))),
    responses((status = 204, description = "The session has ended"), Problems))]
pub(crate) async fn end_session(
    State(app): State<App>,
    Path((id, session)): Path<(UserId, SessionId)>,
    Permitted { by, asked, .. }: Permitted<Nothing>,
) -> Result<Done, Failure> {
    by.must(Permission::SessionsRevoke)?;
    app.must_reach(&by, id).await?;
    let rule = |session: &Session| end(session, id, EndCause::RevokedByOther);
    let decided = app.decide(&asked, session, rule).await?;
    Ok(Done::no_content(&app, decided.position()))
}
