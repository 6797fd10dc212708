//! `POST /auth/factors/totp/confirmation`

use crate::{
    App,
    command::{Asked, Fresh, Signed, Unproven},
    domain,
    failure::Failure,
    input::{FactorCode, Flaw, Flaws},
    recovery_codes,
    respond::{Done, own_session},
    routes::Problems,
    tokens::{TokensBody, as_they_came},
    totp::{self, Digits},
};
use axum::extract::State;
use events::{SecondFactor, Version};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use service::{
    browser::Delivery,
    caller::Caller,
    extract::{IfMatch, Json},
    problem::Code,
};
use store::vault::Scope;
use utoipa::ToSchema;

/// The first code that the authenticator shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmTotp {
    /// Six digits.
    #[schema(pattern = "^[0-9]{6}$")]
    code: String,
}

/// What there is to keep, and tokens that say that a second factor was shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct Confirmed {
    /// Each signs in once in place of a code. They are shown here alone.
    recovery_codes: Vec<String>,
    /// Of the same session.
    tokens: TokensBody,
}

/// Sets up the second factor for good: from now on signing in asks for a code. Every other session ends; this one goes on with
/// the tokens that are answered.
#[utoipa::path(post, path = "/api/v1/auth/factors/totp/confirmation", operation_id = "confirmTotp", tag = "auth",
    security(("bearer" = [])), params(IfMatch, Delivery), request_body = ConfirmTotp,
    extensions(("x-problems" = json!(["cross-site", "insufficient-user-authentication", "invalid-credentials", "no-second-factor", "user-deleted", "not-found"]))),
    responses((status = 200, body = Confirmed, description = "Recovery codes, and tokens of the same session"), Problems))]
pub(crate) async fn confirm_totp(
    State(app): State<App>,
    headers: HeaderMap,
    delivery: Delivery,
    Fresh(Unproven(Signed { by, asked, body: Json(body) })): Fresh<Unproven<Signed<Json<ConfirmTotp>>>>,
) -> Result<Done, Failure> {
    let delivery = as_they_came(&headers, delivery);
    if delivery == Delivery::Cookie {
        app.browsers.must_be_ours(&headers)?;
    }
    let digits = read(&body)?;
    let (enrolled, step) = confirming(&app, &asked, &by, &digits).await?;
    let written = app.new_recovery_codes(&asked);
    let kept = recovery_codes::kept(by.user_id, &written);
    let confirm = |user: &_| domain::confirm_totp(user, own_session(&by), enrolled, step, kept.clone());
    app.decide(&asked, by.user_id, confirm).await?;
    let (tokens, position) =
        app.reauthenticated(&asked.then("confirmed"), &by, Some(SecondFactor::Totp)).await?;
    Ok(tokens.delivered_in(&app, position, delivery, |tokens| Confirmed { recovery_codes: written, tokens }))
}

fn read(body: &ConfirmTotp) -> Result<Digits, Failure> {
    let mut flaws = Flaws::default();
    let digits = match FactorCode::parse(&body.code) {
        Ok(FactorCode::Totp(digits)) => Ok(digits),
        Ok(FactorCode::Recovery(_)) => Err(Flaw::new("code_invalid", "This code has six digits.")),
        Err(flaw) => Err(flaw),
    };
    flaws.take("/code", digits).ok_or_else(|| flaws.problem().into())
}

/// Which secret the code confirms, and its time step. A second try finds the secret in force, and is not asked again; but
/// only in the session that the first one was made in, as no other has shown a code.
async fn confirming(
    app: &App,
    asked: &Asked,
    by: &Caller,
    digits: &Digits,
) -> Result<(Version, u64), Failure> {
    let user = app.user(by.user_id, Some(Scope::All), Some(&asked.ids)).await?;
    let Some(person) = user.state.person() else { return Err(Failure::new(Code::InvalidToken)) };
    if user.done {
        return match person.sessions_ended.and_then(|ended| ended.except) == Some(by.session_id) {
            true => Ok((Version::NONE, 0)),
            false => Err(Failure::new(Code::NoSecondFactor)),
        };
    }
    asked.must_match(user.version)?;
    let Some(totp) = &person.factor.enrolling else { return Err(Failure::new(Code::NoSecondFactor)) };
    let step = totp.secret.as_ref().and_then(|secret| totp::step_of(secret, digits, app.clock.now()));
    Ok((totp.enrolled, step.ok_or(Failure::new(Code::InvalidCredentials))?))
}
