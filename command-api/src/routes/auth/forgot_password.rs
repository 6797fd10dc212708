//! `POST /auth/password/forgot`

use crate::{
    App,
    command::Anonymous,
    failure::Failure,
    input::{Address, Flaws},
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use serde::Deserialize;
use service::extract::Json;
use utoipa::ToSchema;

/// Whose password is forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgotPassword {
    #[schema(format = Email, min_length = 3, max_length = 254)]
    email: String,
}

/// Has a link mailed by which another password can be chosen, if the address has an account. The answer is the same in any
/// case, and comes before that is looked up.
#[utoipa::path(post, path = "/api/v1/auth/password/forgot", operation_id = "forgotPassword", tag = "auth",
    request_body = ForgotPassword,
    responses((status = 202, description = "If there is such an account, a mail is on its way"), Problems))]
pub(crate) async fn forgot_password(
    State(app): State<App>,
    Anonymous { asked, body: Json(body) }: Anonymous<Json<ForgotPassword>>,
) -> Result<Done, Failure> {
    let mut flaws = Flaws::default();
    let address = flaws.take("/email", Address::parse(&body.email));
    let Some(address) = address else { return Err(flaws.problem().into()) };
    let (position, later) = (app.log.head().await?, app.clone());
    app.after_the_answer(async move { later.ask_for_reset(&asked, &address.key()).await })?;
    Ok(Done::in_silence(&app, position))
}
