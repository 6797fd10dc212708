//! `POST /auth/reauthenticate`

use crate::{
    App,
    command::{Signed, Unproven},
    failure::Failure,
    input::{FactorCode, Flaws, Password},
    passwords::Shown,
    respond::Done,
    routes::Problems,
    tokens::{TokensBody, as_they_came},
};
use axum::extract::State;
use http::HeaderMap;
use serde::Deserialize;
use service::{browser::Delivery, extract::Json};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// What one proves to be oneself with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reauthenticate {
    #[schema(format = Password, max_length = 256)]
    password: String,
    /// Of the second factor, where there is one: six digits, or a recovery code.
    #[serde(default)]
    #[schema(format = Password, pattern = "^([0-9]{6}|[A-Za-z2-7]{4}(-[A-Za-z2-7]{4}){3})$")]
    code: Option<String>,
}

/// Proves once more who one is. The session goes on with tokens that say so; its refresh token so far is good no longer.
#[utoipa::path(post, path = "/api/v1/auth/reauthenticate", operation_id = "reauthenticate", tag = "auth",
    security(("bearer" = [])), params(Delivery), request_body = Reauthenticate,
    extensions(("x-problems" = json!(["cross-site", "invalid-credentials", "second-factor-required", "too-many-attempts", "user-deleted", "not-found"]))),
    responses((status = 200, body = TokensBody, description = "Tokens of the same session, with a new `auth_time`"),
        Problems))]
pub(crate) async fn reauthenticate(
    State(app): State<App>,
    headers: HeaderMap,
    delivery: Delivery,
    Unproven(Signed { by, asked, body: Json(body) }): Unproven<Signed<Json<Reauthenticate>>>,
) -> Result<Done, Failure> {
    let delivery = as_they_came(&headers, delivery);
    if delivery == Delivery::Cookie {
        app.browsers.must_be_ours(&headers)?;
    }
    let (written, code) = (Zeroizing::new(body.password), body.code.map(Zeroizing::new));
    let mut flaws = Flaws::default();
    let password = flaws.take("/password", Password::parse(&written));
    let code = flaws.take("/code", code.map(|code| FactorCode::parse(&code)).transpose());
    let (Some(password), Some(code)) = (password, code) else { return Err(flaws.problem().into()) };
    // Tokens that were handed out are not handed out again: a code is good once, and so is what it opens.
    let asked = asked.unkeyed(&app);
    let proof = app.prove(&asked, by.user_id, Shown::PasswordAndCode(password, code)).await?;
    let (tokens, position) = app.reauthenticated(&asked, &by, proof.second_factor).await?;
    Ok(tokens.delivered(&app, position, delivery))
}
