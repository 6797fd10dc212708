//! What whoever starts the process is told, and the first admin, whose password may be in it.

use crate::{
    Role, admin,
    opening::patiently,
    report::{self, Doing, Failure},
};
use service::{
    clock::Entropy,
    config::{Config, Secret},
};

/// The first admin's address, and the password when we made it up.
pub(super) struct FirstAdmin {
    email: String,
    initial_password: Option<Secret>,
}

/// Makes the first admin of an Evident that has none: from the environment, else, where somebody reads what is printed,
/// with one that is made up and printed.
pub(super) async fn first_admin(
    role: Role,
    commands: &command_api::App,
    config: &Config,
) -> Result<Option<FirstAdmin>, Failure> {
    let email = config.admin_email.clone().unwrap_or_else(|| "admin@localhost".to_owned());
    let made_up = match role {
        Role::Everything if config.admin_password.is_none() => {
            Some(admin::initial_password(&Entropy::System))
        }
        Role::Everything | Role::Commands | Role::Projection | Role::Queries => None,
    };
    let Some(password) = config.admin_password.as_ref().or(made_up.as_ref()) else { return Ok(None) };
    let make = || command_api::bootstrap_admin(commands, &email, password.expose());
    let made =
        patiently(true, "what the first admin is kept in", make).await.doing("make the first admin")?;
    Ok(made.map(|_| FirstAdmin { email, initial_password: made_up }))
}

/// Tells where the process is and what to try next.
pub(super) fn welcome(role: Role, config: &Config, url: &str, first_admin: Option<&FirstAdmin>) {
    if !config.rate_limits {
        report::say(
            "WARNING: EVIDENT_RATE_LIMITS is off. Whoever guesses passwords may do it as fast as they like.",
        );
    }
    if let Some(admin) = first_admin {
        report::say(format_args!("The first admin is {}.", admin.email));
        if let Some(password) = &admin.initial_password {
            report::say(format_args!("Initial password: {}", password.expose()));
            report::say(
                "It is shown this once and holds until it is changed. Sign in with it and choose another at \
                 once (POST /api/v1/auth/password).",
            );
        }
    }
    if role.is_public() {
        report::say(format_args!("The API, to read and to try: {url}/docs"));
    }
    match role {
        Role::Everything => report::say(format_args!(
            "Try it: curl -s {url}/api/v1/auth/register --json \
             '{{\"email\": \"you@example.com\", \"password\": \"correct horse battery staple\"}}'"
        )),
        Role::Commands | Role::Projection | Role::Queries => {
            report::say(format_args!("{} is ready.", role.binary()));
        }
    }
}
