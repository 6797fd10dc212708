//! `POST /auth/email`

use crate::{
    App,
    command::Signed,
    domain::request_email_change,
    failure::Failure,
    input::{Address, Flaws, Password},
    respond::{Done, own_session},
    routes::Problems,
};
use axum::extract::State;
use serde::Deserialize;
use service::extract::{IfMatch, Json};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// One's own password, once more, and the address to have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeEmail {
    #[schema(format = Password, max_length = 256)]
    password: String,
    #[schema(format = Email, min_length = 3, max_length = 254)]
    new_email: String,
}

/// Asks to have another address. It is one's own once the link was followed that is mailed there; the present address is
/// told.
#[utoipa::path(post, path = "/api/v1/auth/email", operation_id = "changeEmail", tag = "auth",
    security(("bearer" = [])), params(IfMatch), request_body = ChangeEmail,
    extensions(("x-problems" = json!(["history-full", "invalid-credentials", "user-deleted", "too-many-attempts", "not-found"]))),
    responses((status = 202, description = "A mail is on its way to the new address"), Problems))]
pub(crate) async fn change_email(
    State(app): State<App>,
    Signed { by, asked, body: Json(body) }: Signed<Json<ChangeEmail>>,
) -> Result<Done, Failure> {
    let (address, password) = read(body)?;
    let verified = app.verify_again(&asked, by.user_id, password).await?;
    let account = by.user_id.to_string();
    // Neither somebody's account nor somebody else's mailbox is to be filled with what was asked for here.
    let may = app.may_mail("email change of", &account).await?
        && app.may_mail("email change to", &address.key()).await?;
    if !may && !asked.ids.are_known() {
        return Ok(Done::accepted(&app, app.log.head().await?));
    }
    let email = address.into_value();
    let wish = |user: &_| request_email_change(user, own_session(&by), verified, email.clone());
    let decided = app.decide(&asked, by.user_id, wish).await?;
    Ok(Done::accepted(&app, decided.position()))
}

fn read(body: ChangeEmail) -> Result<(Address, Password), Failure> {
    let written = Zeroizing::new(body.password);
    let mut flaws = Flaws::default();
    let password = flaws.take("/password", Password::parse(&written));
    let address = flaws.take("/new_email", Address::parse(&body.new_email));
    let (Some(address), Some(password)) = (address, password) else { return Err(flaws.problem().into()) };
    Ok((address, password))
}
