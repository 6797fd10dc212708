//! `DELETE /auth/me`

use crate::{
    App,
    command::Signed,
    domain::close,
    failure::Failure,
    input::{Flaws, Password},
    respond::{Done, own_session},
    routes::Problems,
};
use axum::extract::State;
use serde::Deserialize;
use service::extract::{IfMatch, Json};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// One's own password, once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseAccount {
    #[schema(format = Password, max_length = 256)]
    password: String,
}

/// Closes one's own account. Every session ends at once; the data is erased after a delay.
#[utoipa::path(delete, path = "/api/v1/auth/me", operation_id = "closeAccount", tag = "auth",
    security(("bearer" = [])), params(IfMatch), request_body = CloseAccount,
    extensions(("x-problems" = json!(["invalid-credentials", "last-admin", "user-deleted", "too-many-attempts", "not-found"]))),
    responses((status = 202, description = "The account is closed"), Problems))]
pub(crate) async fn close_account(
    State(app): State<App>,
    Signed { by, asked, body: Json(body) }: Signed<Json<CloseAccount>>,
) -> Result<Done, Failure> {
    let written = Zeroizing::new(body.password);
    let mut flaws = Flaws::default();
    let Some(password) = flaws.take("/password", Password::parse(&written)) else {
        return Err(flaws.problem().into());
    };
    let verified = app.verify_again(&asked, by.user_id, password).await?;
    let decided = app.close(&asked, by.user_id, |user| close(user, own_session(&by), verified)).await?;
    Ok(Done::accepted(&app, decided.position()))
}
