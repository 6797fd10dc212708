//! Admins that nobody signed in makes: the first one, and those that an operator makes at the command line.

use crate::{
    App,
    command::Asked,
    domain::{Granter, Newcomer, Role, create},
    failure::Failure,
    ids::Ids,
    input::Address,
};
use events::{Actor, BuiltInRole, Permission, Timestamp, UserId};
use std::collections::BTreeSet;

/// Why an admin was not made.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The address is not one.
    #[error("address: {0}")]
    Address(String),
    /// The password is too weak.
    #[error("password: {0}")]
    Password(String),
    /// A store does not answer, or not in time.
    #[error("admin cannot be made now: {0}")]
    Away(String),
    /// Anything else, by its code or its cause.
    #[error("admin cannot be made: {0}")]
    Failed(String),
}

impl AdminError {
    /// Whether a store does not answer, so that trying again later may go better.
    #[must_use]
    pub const fn is_away(&self) -> bool {
        match self {
            AdminError::Away(_) => true,
            AdminError::Address(_) | AdminError::Password(_) | AdminError::Failed(_) => false,
        }
    }
}

/// Makes the first admin, once: `None` when there is one already, or was. Its id follows from the log's own, so that
/// of several processes that start at once one makes it.
pub async fn bootstrap_admin(app: &App, email: &str, password: &str) -> Result<Option<UserId>, AdminError> {
    let asked = Asked::by_machine(app, Actor::System);
    let id = Ids::new(app.log.id().0.into_bytes(), Timestamp::default()).user();
    if app.exists(id).await.map_err(failed)? {
        return Ok(None);
    }
    match make_admin(app, &asked, id, email, password).await {
        Ok(id) => Ok(Some(id)),
        // Another process was faster.
        Err(_) if app.exists(id).await.map_err(failed)? => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes another admin, at an operator's wish.
pub async fn create_admin(app: &App, email: &str, password: &str) -> Result<UserId, AdminError> {
    let asked = Asked::by_machine(app, Actor::Operator);
    make_admin(app, &asked, asked.ids.user(), email, password).await
}

async fn make_admin(
    app: &App,
    asked: &Asked,
    id: UserId,
    email: &str,
    password: &str,
) -> Result<UserId, AdminError> {
    let address = Address::parse(email).map_err(|flaw| AdminError::Address(flaw.detail))?;
    let words = address.words().map(str::to_owned).collect();
    let password = app.new_password(password, app.config.password_min, words).await.map_err(failed)?;
    let password = password.map_err(|flaw| AdminError::Password(flaw.detail))?;
    let hashed = app.hasher.hash(password.into_secret(), app.entropy.bytes()).await;
    let newcomer = Newcomer {
        email: address.into_value(),
        display_name: None,
        password_hash: Some(hashed.map_err(|error| failed(error.into()))?),
        network: None,
    };
    let everything: BTreeSet<_> = Permission::ALL.into_iter().collect();
    let granter = Granter { permissions: &everything, is_subject: false };
    let roles = [(BuiltInRole::Admin.name(), Role::BuiltIn(BuiltInRole::Admin))];
    let rule = |user: &_, newcomer| create(user, newcomer, &roles, &granter);
    app.bring_to_be(asked, id, newcomer, rule).await.map_err(failed)?;
    Ok(id)
}

fn failed(failure: Failure) -> AdminError {
    let cause = failure.to_string();
    if failure.is_outage() { AdminError::Away(cause) } else { AdminError::Failed(cause) }
}
