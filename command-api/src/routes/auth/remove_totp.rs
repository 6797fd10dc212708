//! `DELETE /auth/factors/totp`

use crate::{
    App,
    command::Signed,
    domain::{Refusal, remove_second_factor},
    failure::Failure,
    input::{FactorCode, Flaw, Flaws, Password},
    passwords::Shown,
    respond::{Done, own_session},
    routes::Problems,
};
use axum::extract::State;
use serde::Deserialize;
use service::extract::{IfMatch, Json};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// What one proves to be oneself with: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemoveTotp {
    #[serde(default)]
    #[schema(format = Password, max_length = 256)]
    password: Option<String>,
    /// Six digits, or a recovery code.
    #[serde(default)]
    #[schema(format = Password, pattern = "^([0-9]{6}|[A-Za-z2-7]{4}(-[A-Za-z2-7]{4}){3})$")]
    code: Option<String>,
}

/// Gives up one's second factor, and the recovery codes with it, unless it is demanded. Every session ends, this one too.
#[utoipa::path(delete, path = "/api/v1/auth/factors/totp", operation_id = "removeTotp", tag = "auth",
    security(("bearer" = [])), params(IfMatch), request_body = RemoveTotp,
    extensions(("x-problems" = json!(["invalid-credentials", "no-second-factor", "second-factor-demanded", "too-many-attempts", "user-deleted", "not-found"]))),
    responses((status = 204, description = "Signing in asks for the password alone"), Problems))]
pub(crate) async fn remove_totp(
    State(app): State<App>,
    Signed { by, asked, body: Json(body) }: Signed<Json<RemoveTotp>>,
) -> Result<Done, Failure> {
    let shown = read(body)?;
    // A code is good once: none is used up for what is refused anyway.
    if by.second_factor_demanded {
        return Err(Refusal::SecondFactorDemanded.into());
    }
    app.prove(&asked, by.user_id, shown).await?;
    let demanded = |roles: &_| app.config.second_factor.is_made_of(roles);
    let remove = |user: &_| remove_second_factor(user, own_session(&by), demanded);
    let decided = app.decide(&asked, by.user_id, remove).await?;
    Ok(Done::no_content(&app, decided.position()))
}

fn read(body: RemoveTotp) -> Result<Shown, Failure> {
    let (password, code) = (body.password.map(Zeroizing::new), body.code.map(Zeroizing::new));
    let mut flaws = Flaws::default();
    let shown = match (password, code) {
        (Some(password), None) => flaws.take("/password", Password::parse(&password)).map(Shown::Password),
        (None, Some(code)) => flaws.take("/code", FactorCode::parse(&code)).map(Shown::Code),
        (Some(_), Some(_)) | (None, None) => {
            flaws.take("/code", Err(Flaw::new("required", "Send either the password or a code.")))
        }
    };
    shown.ok_or_else(|| flaws.problem().into())
}
