//! `POST /auth/register`

use crate::{
    App,
    command::{Anonymous, Asked},
    domain::{self, Newcomer},
    failure::Failure,
    input::{Address, Flaws, directory_key, display_name},
    respond::{self, Done},
    routes::Problems,
};
use axum::extract::State;
use events::UserId;
use serde::Deserialize;
use service::{config::Registration, extract::Json, problem::Code, shown};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// Who wants to have an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    /// Unique, however its capitals are written.
    #[schema(format = Email, min_length = 3, max_length = 254)]
    email: String,
    /// 15 to 256 characters; spaces and any script are fine, what is guessed first is not.
    #[schema(format = "new-password", min_length = 15, max_length = 256)]
    password: String,
    /// The name that others see: 1 to 200 characters, none of them invisible.
    #[serde(default)]
    #[schema(format = "display-name", min_length = 1, max_length = 200)]
    display_name: Option<String>,
}

/// Makes an account for oneself. Where addresses are verified first, the answer is 202 whoever asks, and a mail says what
/// happened.
#[utoipa::path(post, path = "/api/v1/auth/register", operation_id = "register", tag = "auth",
    request_body = Register,
    extensions(("x-problems" = json!(["registration-closed", "conflict", "email-taken"]))),
    responses(
        (status = 201, body = shown::User, description = "The account; `Location` says where"),
        (status = 202, description = "A mail says what happened (`EVIDENT_REGISTRATION=verified`)"),
        Problems))]
pub(crate) async fn register(
    State(app): State<App>,
    Anonymous { asked, body: Json(body) }: Anonymous<Json<Register>>,
) -> Result<Done, Failure> {
    if app.config.registration == Registration::Closed {
        return Err(Failure::new(Code::RegistrationClosed));
    }
    let id = asked.ids.user();
    let (mut newcomer, password) = newcomer(&app, &asked, body).await?;
    if app.config.registration == Registration::Verified {
        newcomer.password_hash = Some(app.hasher.hash(password, app.entropy.bytes()).await?);
        return in_silence(app, asked, id, newcomer).await;
    }
    if !asked.ids.are_known() {
        app.must_be_free(newcomer.email.as_str(), id).await?;
    }
    newcomer.password_hash = Some(app.hasher.hash(password, app.entropy.bytes()).await?);
    let decided = app.bring_to_be(&asked, id, newcomer, domain::register).await?;
    respond::created(&app, &asked, id, &decided)
}

/// Answers before it is looked up whether the address is anybody's already.
async fn in_silence(app: App, asked: Asked, id: UserId, newcomer: Newcomer) -> Result<Done, Failure> {
    let position = app.log.head().await?;
    let later = app.clone();
    app.after_the_answer(async move {
        let address = directory_key(newcomer.email.as_str());
        match later.bring_to_be(&asked, id, newcomer, domain::register).await {
            Err(failure) if failure.code() == Code::EmailTaken => {
                later.tell_of_account(&asked, &address).await
            }
            done => done.map(drop),
        }
    })?;
    Ok(Done::in_silence(&app, position))
}

async fn newcomer(
    app: &App,
    asked: &Asked,
    body: Register,
) -> Result<(Newcomer, Zeroizing<String>), Failure> {
    let written = Zeroizing::new(body.password);
    let mut flaws = Flaws::default();
    let email = flaws.take("/email", Address::parse(&body.email));
    let shown = flaws.take("/display_name", body.display_name.as_deref().map(display_name).transpose());
    let address = email.iter().flat_map(Address::words);
    let name = body.display_name.iter().flat_map(|name| name.split(' '));
    let known = address.chain(name).map(str::to_owned).collect();
    let password = app.new_password(&written, app.config.password_min, known).await?;
    let password = flaws.take("/password", password);
    let (Some(email), Some(display_name), Some(password)) = (email, shown, password) else {
        return Err(flaws.problem().into());
    };
    let network = Some(asked.network.clone());
    let newcomer = Newcomer { email: email.into_value(), display_name, password_hash: None, network };
    Ok((newcomer, password.into_secret()))
}
