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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::support::{
        ADA, given, minute, network, registered, registered_with, suspended,
    };

    fn try_with(history: impl IntoIterator<Item = Fact>, matches: bool) -> Result<Fact, Denied> {
        sign_in(&given(history).user, ADA, matches, minute(60), network())
    }

    fn denied(cause: FailureCause) -> Result<Fact, Denied> {
        Err(Denied { cause: Some(cause) })
    }

    #[test]
    fn the_right_password_starts_a_session() {
        let network = Personal::Open(network());
        let started = SessionStarted { user_id: ADA, expires_at: minute(60), network };
        assert_eq!(try_with([registered("ada@x.io")], true), Ok(Fact::SessionStarted(started)));
    }

    #[test]
    fn the_wrong_password_starts_none() {
        assert_eq!(try_with([registered("ada@x.io")], false), denied(FailureCause::WrongPassword));
    }

    #[test]
    fn who_chose_no_password_has_no_right_one() {
        assert_eq!(try_with([registered_with("ada@x.io", None)], true), denied(FailureCause::WrongPassword));
    }

    #[test]
    fn the_right_password_lets_nobody_in_who_may_not_sign_in() {
        let ada = || registered("ada@x.io");
        assert_eq!(try_with([ada(), suspended("spam")], true), denied(FailureCause::Suspended));
        assert_eq!(try_with([ada(), Fact::UserDeleted], true), denied(FailureCause::Deleted));
    }

    #[test]
    fn who_guesses_at_a_closed_account_is_wrong_first() {
        let ada = || registered("ada@x.io");
        assert_eq!(try_with([ada(), suspended("spam")], false), denied(FailureCause::WrongPassword));
        assert_eq!(try_with([ada(), Fact::UserDeleted], false), denied(FailureCause::WrongPassword));
    }

    #[test]
    fn about_nobody_nothing_is_written_down() {
        for matches in [true, false] {
            assert_eq!(try_with([], matches), Err(Denied { cause: None }));
            assert_eq!(
                try_with([registered("ada@x.io"), Fact::UserErased], matches),
                Err(Denied { cause: None })
            );
        }
    }
}
