//! `POST /auth/register`

use crate::{
    App,
    command::{Anonymous, Asked},
    domain::{self, Newcomer},
    failure::Failure,
    input::{Address, Flaws, NewPassword, display_name},
    respond::{self, Done},
    routes::Problems,
};
use axum::extract::State;
use serde::Deserialize;
use service::{config::Registration, extract::Json, problem::Code, shown};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// Who wants to have an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    /// Unique, however its capitals are written.
    email: String,
    /// 15 characters or more; spaces and any script are fine.
    #[schema(format = Password)]
    password: String,
    /// The name that others see.
    #[serde(default)]
    display_name: Option<String>,
}

/// Makes an account for oneself.
#[utoipa::path(post, path = "/api/v1/auth/register", operation_id = "register", tag = "auth",
    request_body = Register,
    responses((status = 201, body = shown::User, description = "The account; `Location` says where"), Problems))]
pub(crate) async fn register(
    State(app): State<App>,
    Anonymous { asked, body: Json(body) }: Anonymous<Json<Register>>,
) -> Result<Done, Failure> {
    if app.config.registration == Registration::Closed {
        return Err(Failure::new(Code::RegistrationClosed));
    }
    let id = asked.ids.user();
    let (mut newcomer, password) = newcomer(&app, &asked, body)?;
    if !asked.again {
        app.must_be_free(newcomer.email.as_str()).await?;
    }
    newcomer.password_hash = Some(app.hasher.hash(password, app.entropy.bytes()).await?);
    let decided = app.bring_to_be(&asked, id, newcomer, domain::register).await?;
    respond::created(&app, &asked, id, &decided)
}

fn newcomer(app: &App, asked: &Asked, body: Register) -> Result<(Newcomer, Zeroizing<String>), Failure> {
    let written = Zeroizing::new(body.password);
    let mut flaws = Flaws::default();
    let email = flaws.take("/email", Address::parse(&body.email));
    let name = flaws.take("/display_name", body.display_name.as_deref().map(display_name).transpose());
    let known = email
        .iter()
        .flat_map(Address::words)
        .chain(body.display_name.iter().flat_map(|name| name.split(' ')));
    let password = flaws.take("/password", NewPassword::parse(&written, app.config.password_min, known));
    let (Some(email), Some(display_name), Some(password)) = (email, name, password) else {
        return Err(flaws.problem().into());
    };
    let network = Some(asked.network.clone());
    let newcomer = Newcomer { email: email.into_value(), display_name, password_hash: None, network };
    Ok((newcomer, password.into_secret()))
}
