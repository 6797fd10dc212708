//! Signing in, once the throttle has let somebody try and the password was checked.

use super::User;
use events::{Fact, FailureCause, Network, Personal, SessionStarted, Timestamp, UserId};

/// A sign-in that failed. Whoever tried is told the same, whatever the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denied {
    /// What to write down about the account; `None` when there is nobody to write it down about.
    pub cause: Option<FailureCause>,
}

/// Starts a session for whoever gave the right password, when they may sign in.
///
/// `matches` says whether the password fits the hash of this very state. Somebody who chose none yet, and somebody
/// who is not there, must still have been compared with something, so that each answer takes the same time.
pub fn sign_in(
    user: &User,
    user_id: UserId,
    matches: bool,
    expires_at: Timestamp,
    network: Network,
) -> Result<Fact, Denied> {
    let denied = |cause| Err(Denied { cause: Some(cause) });
    match user {
        User::Unknown | User::Erased => Err(Denied { cause: None }),
        User::Active(person) | User::Suspended(person) | User::Deleted(person)
            if !matches || person.password_hash.is_none() =>
        {
            denied(FailureCause::WrongPassword)
        }
        User::Suspended(_) => denied(FailureCause::Suspended),
        User::Deleted(_) => denied(FailureCause::Deleted),
        User::Active(_) => {
            Ok(Fact::SessionStarted(SessionStarted { user_id, expires_at, network: Personal::Open(network) }))
        }
    }
}
