//! `POST /auth/email/verification`

use crate::{
    App,
    command::{Anonymous, Maybe},
    failure::Failure,
    input::{Address, Flaws, directory_key},
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use http::{Extensions, HeaderMap, Method};
use serde::Deserialize;
use service::problem::Code;
use utoipa::ToSchema;

/// Which address; whoever is signed in may leave it out and means their own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestVerification {
    #[schema(format = Email, min_length = 3, max_length = 254)]
    email: String,
}

/// Has the link mailed once more by which an address is verified, if it has an account that waits for it. The answer is the
/// same in any case, and comes before that is looked up.
#[utoipa::path(post, path = "/api/v1/auth/email/verification", operation_id = "requestVerification", tag = "auth",
    security(("bearer" = []), ()), request_body = Option<RequestVerification>,
    responses((status = 202, description = "If an account waits for it, a mail is on its way"), Problems))]
pub(crate) async fn request_verification(
    State(app): State<App>,
    extensions: Extensions,
    headers: HeaderMap,
    Anonymous { asked, body: Maybe(body) }: Anonymous<Maybe<RequestVerification>>,
) -> Result<Done, Failure> {
    let address = match body {
        Some(body) => {
            let mut flaws = Flaws::default();
            let address = flaws.take("/email", Address::parse(&body.email));
            address.ok_or_else(|| flaws.problem())?.key()
        }
        None => {
            let caller = app.standing(&Method::POST, &extensions, &headers).await?.by.person()?;
            caller.must_have_second_factor()?;
            let profile = app.profile(caller.user_id).await?.ok_or(Failure::new(Code::InvalidToken))?;
            directory_key(&profile.email)
        }
    };
    let (position, later) = (app.log.head().await?, app.clone());
    app.after_the_answer(async move { later.ask_for_verification(&asked, &address).await })?;
    Ok(Done::in_silence(&app, position))
}
