//! `POST /auth/factors/recovery-codes`

use crate::{
    App,
    command::{Fresh, Nothing, Signed},
    domain,
    failure::Failure,
    recovery_codes,
    respond::{Done, own_session},
    routes::Problems,
};
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use service::extract::IfMatch;
use utoipa::ToSchema;

/// What there is to keep.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    /// Each signs in once in place of a code. They are shown here alone.
    recovery_codes: Vec<String>,
}

/// Makes other recovery codes. Those before are good no longer.
#[utoipa::path(post, path = "/api/v1/auth/factors/recovery-codes", operation_id = "issueRecoveryCodes", tag = "auth",
    security(("bearer" = [])), params(IfMatch),
    extensions(("x-problems" = json!(["history-full", "insufficient-user-authentication", "no-second-factor", "user-deleted", "not-found"]))),
    responses((status = 200, body = RecoveryCodes, description = "All that are good from now on"), Problems))]
pub(crate) async fn issue_recovery_codes(
    State(app): State<App>,
    Fresh(Signed { by, asked, .. }): Fresh<Signed<Nothing>>,
) -> Result<Done, Failure> {
    let written = app.new_recovery_codes(&asked);
    let kept = recovery_codes::kept(by.user_id, &written);
    let issue = |user: &_| domain::issue_recovery_codes(user, own_session(&by), kept.clone());
    let decided = app.decide(&asked, by.user_id, issue).await?;
    Ok(Done::json(&app, decided.position(), StatusCode::OK, RecoveryCodes { recovery_codes: written }))
}
