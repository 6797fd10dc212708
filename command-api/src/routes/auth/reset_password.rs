//! `POST /auth/password/reset`

use crate::{
    App,
    command::Anonymous,
    domain,
    failure::Failure,
    input::{Flaws, NewPassword, directory_key, words},
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use events::Profile;
use serde::Deserialize;
use service::extract::Json;
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// What the link in a mail holds behind `#token=`, and the new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetPassword {
    #[schema(format = Password)]
    token: String,
    /// 15 to 256 characters; spaces and any script are fine, what is guessed first is not.
    #[schema(format = "new-password", min_length = 15, max_length = 256)]
    new_password: String,
}

/// Chooses another password by a link that was mailed: to whoever forgot theirs, or was invited. Every session ends, and
/// nobody is signed in by it.
#[utoipa::path(post, path = "/api/v1/auth/password/reset", operation_id = "resetPassword", tag = "auth",
    request_body = ResetPassword,
    extensions(("x-problems" = json!(["history-full", "invalid-mail-token"]))),
    responses((status = 204, description = "The new password is good, and the link is not any more"), Problems))]
pub(crate) async fn reset_password(
    State(app): State<App>,
    Anonymous { asked, body: Json(body) }: Anonymous<Json<ResetPassword>>,
) -> Result<Done, Failure> {
    let (written, new) = (Zeroizing::new(body.token), Zeroizing::new(body.new_password));
    let token = app.mail_token(&written)?;
    let proof = app.proof(&token).await?;
    let profile = app.profile(token.user).await?;
    let new = read(&app, profile.as_ref(), &new).await?;
    let hash = app.hasher.hash(new.into_secret(), app.entropy.bytes()).await?;
    let reset = |user: &_| domain::reset_password(user, proof, hash.clone());
    let decided = app.decide(&asked.by(token.user), token.user, reset).await?;
    if let Some(profile) = profile {
        // Whoever was kept out by somebody's guessing has another way in.
        app.vault.forget_attempts(app.vault.address_hash(&directory_key(&profile.email))).await?;
    }
    Ok(Done::no_content(&app, decided.position()))
}

async fn read(app: &App, profile: Option<&Profile>, new: &str) -> Result<NewPassword, Failure> {
    let known = profile.iter().flat_map(|profile| {
        let name = profile.display_name.as_deref().unwrap_or_default();
        words(&profile.email).chain(name.split(' ')).map(str::to_owned)
    });
    let chosen = app.new_password(new, app.config.password_min, known.collect()).await?;
    let mut flaws = Flaws::default();
    let new = flaws.take("/new_password", chosen);
    new.ok_or_else(|| flaws.problem().into())
}
