//! Coming to be.

use crate::domain::{DisplayName, EmailAddress, Granter, PasswordHash, Refusal, Role, User, may_grant};
use events::{BuiltInRole, Fact, Network, Personal, Profile, RoleName, UserRegistered};
use std::collections::BTreeSet;

/// Somebody who is not there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    /// The address; the directory has claimed it already.
    pub email: EmailAddress,
    /// The name to show.
    pub display_name: Option<DisplayName>,
    /// The chosen password's hash; `None` when somebody else makes the account.
    pub password_hash: Option<PasswordHash>,
    /// From where; `None` when a machine does it.
    pub network: Option<Network>,
}

/// Somebody makes an account for themselves. Everybody begins with the role `user`.
pub fn register(user: &User, newcomer: Newcomer) -> Result<Vec<Fact>, Refusal> {
    begin(user, newcomer, BTreeSet::new())
}

/// Somebody makes an account for somebody else, with roles beside `user` that they may grant.
pub fn create(
    user: &User,
    newcomer: Newcomer,
    roles: &[(RoleName, Role)],
    granter: &Granter<'_>,
) -> Result<Vec<Fact>, Refusal> {
    for (_, role) in roles {
        may_grant(role, granter)?;
    }
    begin(user, newcomer, roles.iter().map(|(name, _)| name.clone()).collect())
}

fn begin(user: &User, newcomer: Newcomer, mut roles: BTreeSet<RoleName>) -> Result<Vec<Fact>, Refusal> {
    match user {
        User::Unknown => {}
        User::Active(_) | User::Suspended(_) | User::Deleted(_) | User::Erased => {
            return Err(Refusal::UserExists);
        }
    }
    roles.insert(BuiltInRole::User.name());
    Ok(vec![Fact::UserRegistered(UserRegistered {
        profile: Personal::Open(Profile {
            email: newcomer.email.into_inner(),
            display_name: newcomer.display_name.map(DisplayName::into_inner),
        }),
        credential: newcomer.password_hash.map(|hash| Personal::Open(hash.into_fact())),
        roles: roles.into_iter().collect(),
        network: newcomer.network.map(Personal::Open),
    })])
}
