//! `POST /auth/password`

use crate::{
    App,
    command::Signed,
    domain,
    failure::Failure,
    input::{Flaws, NewPassword, Password, words},
    respond::{Done, own_session},
    routes::Problems,
};
use axum::extract::State;
use events::Profile;
use serde::Deserialize;
use service::extract::{IfMatch, Json};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// The old password and the new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePassword {
    #[schema(format = Password, max_length = 256)]
    current_password: String,
    /// 15 to 256 characters; spaces and any script are fine, what is guessed first is not.
    #[schema(format = "new-password", min_length = 15, max_length = 256)]
    new_password: String,
}

/// Chooses another password. Every other session of one's own ends.
#[utoipa::path(post, path = "/api/v1/auth/password", operation_id = "changePassword", tag = "auth",
    security(("bearer" = [])), params(IfMatch), request_body = ChangePassword,
    extensions(("x-problems" = json!(["history-full", "invalid-credentials", "user-deleted", "too-many-attempts", "not-found"]))),
    responses((status = 204, description = "The new password is good, and the old one is not"), Problems))]
pub(crate) async fn change_password(
    State(app): State<App>,
    Signed { by, asked, body: Json(body) }: Signed<Json<ChangePassword>>,
) -> Result<Done, Failure> {
    let profile = app.profile(by.user_id).await?;
    let (current, new) = read(&app, profile.as_ref(), body).await?;
    let verified = app.verify_again(&asked, by.user_id, current).await?;
    let hash = app.hasher.hash(new.into_secret(), app.entropy.bytes()).await?;
    let change = |user: &_| domain::change_password(user, own_session(&by), verified, hash.clone());
    let decided = app.decide(&asked, by.user_id, change).await?;
    Ok(Done::no_content(&app, decided.position()))
}

async fn read(
    app: &App,
    profile: Option<&Profile>,
    body: ChangePassword,
) -> Result<(Password, NewPassword), Failure> {
    let (current, new) = (Zeroizing::new(body.current_password), Zeroizing::new(body.new_password));
    let known = profile.iter().flat_map(|profile| {
        let name = profile.display_name.as_deref().unwrap_or_default();
        words(&profile.email).chain(name.split(' ')).map(str::to_owned)
    });
    let chosen = app.new_password(&new, app.config.password_min, known.collect()).await?;
    let mut flaws = Flaws::default();
    let current = flaws.take("/current_password", Password::parse(&current));
    let new = flaws.take("/new_password", chosen);
    let (Some(current), Some(new)) = (current, new) else { return Err(flaws.problem().into()) };
    Ok((current, new))
}
