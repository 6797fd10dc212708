//! `DELETE /auth/sessions`

use crate::{
    App,
    command::{Nothing, Signed, Unproven},
    domain::revoke_other_sessions,
    failure::Failure,
    respond::{Done, own_session},
    routes::Problems,
};
use axum::extract::State;
use service::extract::IfMatch;

/// Ends every session of one's own but the one that asks.
#[utoipa::path(delete, path = "/api/v1/auth/sessions", operation_id = "endOtherSessions", tag = "auth",
    security(("bearer" = [])), params(IfMatch),
    extensions(("x-problems" = json!(["history-full", "user-deleted", "not-found"]))),
    responses((status = 204, description = "The other sessions have ended"), Problems))]
pub(crate) async fn end_other_sessions(
    State(app): State<App>,
    Unproven(Signed { by, asked, .. }): Unproven<Signed<Nothing>>,
) -> Result<Done, Failure> {
    let rule = |user: &_| revoke_other_sessions(user, own_session(&by));
    let decided = app.decide(&asked, by.user_id, rule).await?;
    Ok(Done::no_content(&app, decided.position()))
}
