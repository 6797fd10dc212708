//! `POST /auth/login`

use crate::{
    App,
    command::Anonymous,
    failure::Failure,
    input::{Address, Flaws, Password},
    respond::Done,
    routes::Problems,
    tokens::TokensBody,
};
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use service::extract::Json;
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    email: String,
    #[schema(format = Password)]
    password: String,
}

/// Starts a session.
#[utoipa::path(post, path = "/api/v1/auth/login", operation_id = "login", tag = "auth", request_body = Login,
    responses((status = 200, body = TokensBody, description = "Tokens of a new session"), Problems))]
pub(crate) async fn login(
    State(app): State<App>,
    Anonymous { asked, body: Json(body) }: Anonymous<Json<Login>>,
) -> Result<Done, Failure> {
    let (address, password) = read(body)?;
    let signed_in = app.sign_in(&asked, &address, password).await?;
    Ok(Done::json(&app, signed_in.position, StatusCode::OK, signed_in.tokens))
}

fn read(body: Login) -> Result<(Address, Password), Failure> {
    let written = Zeroizing::new(body.password);
    let mut flaws = Flaws::default();
    let address = flaws.take("/email", Address::parse(&body.email));
    let password = flaws.take("/password", Password::parse(&written));
    let (Some(address), Some(password)) = (address, password) else { return Err(flaws.problem().into()) };
    Ok((address, password))
}
