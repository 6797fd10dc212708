//! `DELETE /auth/sessions/{id}`

use crate::{
    App,
    command::{Nothing, Path, Signed, Unproven},
    domain::{Session, end_session as end},
    failure::Failure,
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use events::{EndCause, SessionId};

/// Ends one session of one's own. Somebody else's is as good as unknown.
#[utoipa::path(delete, path = "/api/v1/auth/sessions/{id}", operation_id = "endOwnSession", tag = "auth",
    security(("bearer" = [])), params(("id" = Uuid, Path, description = "The session")),
    extensions(("x-problems" = json!(["user-deleted"]))),
    responses((status = 204, description = "The session has ended"), Problems))]
pub(crate) async fn end_session(
    State(app): State<App>,
    Path(id): Path<SessionId>,
    Unproven(Signed { by, asked, .. }): Unproven<Signed<Nothing>>,
) -> Result<Done, Failure> {
    let rule = |session: &Session| end(session, by.user_id, EndCause::RevokedByOwner);
    let decided = app.decide(&asked, id, rule).await?;
    Ok(Done::no_content(&app, decided.position()))
}
