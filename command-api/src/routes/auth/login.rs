//! `POST /auth/login`

use crate::{
    App,
    command::Anonymous,
    failure::Failure,
    input::{Address, FactorCode, Flaws, Password},
    respond::Done,
    routes::Problems,
    tokens::TokensBody,
};
use axum::extract::State;
use http::HeaderMap;
use serde::Deserialize;
use service::{browser::Delivery, extract::Json};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    #[schema(format = Email, min_length = 3, max_length = 254)]
    email: String,
    #[schema(format = Password, max_length = 256)]
    password: String,
    /// The `device_token` of an earlier sign-in. What is wrong with it is as if it were not there.
    #[serde(default)]
    #[schema(format = Password)]
    device_token: Option<String>,
    /// Of the second factor, where there is one: six digits, or a recovery code.
    #[serde(default)]
    #[schema(format = Password, pattern = "^([0-9]{6}|[A-Za-z2-7]{4}(-[A-Za-z2-7]{4}){3})$")]
    code: Option<String>,
}

/// Starts a session.
///
/// With `Evident-Token-Delivery: cookie` the tokens are cookies, which a page of a listed origin alone may ask for: else
/// any page could sign its visitors in as somebody of its own.
#[utoipa::path(post, path = "/api/v1/auth/login", operation_id = "login", tag = "auth", request_body = Login,
    params(Delivery),
    extensions(("x-problems" = json!(["cross-site", "invalid-credentials", "second-factor-required", "too-many-attempts"]))),
    responses((status = 200, body = TokensBody, description = "Tokens of a new session"), Problems))]
pub(crate) async fn login(
    State(app): State<App>,
    headers: HeaderMap,
    delivery: Delivery,
    Anonymous { asked, body: Json(body) }: Anonymous<Json<Login>>,
) -> Result<Done, Failure> {
    if delivery == Delivery::Cookie {
        app.browsers.must_be_ours(&headers)?;
    }
    let written = body.device_token.clone();
    let device = written.as_deref().or_else(|| app.browsers.device(&headers));
    let (address, password, code) = read(body)?;
    let signed_in = app.sign_in(&asked, &address, password, code.as_ref(), device).await?;
    Ok(signed_in.tokens.delivered(&app, signed_in.position, delivery))
}

fn read(body: Login) -> Result<(Address, Password, Option<FactorCode>), Failure> {
    let (written, code) = (Zeroizing::new(body.password), body.code.map(Zeroizing::new));
    let mut flaws = Flaws::default();
    let address = flaws.take("/email", Address::parse(&body.email));
    let password = flaws.take("/password", Password::parse(&written));
    let code = flaws.take("/code", code.map(|code| FactorCode::parse(&code)).transpose());
    let (Some(address), Some(password), Some(code)) = (address, password, code) else {
        return Err(flaws.problem().into());
    };
    Ok((address, password, code))
}
