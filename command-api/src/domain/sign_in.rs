//! Signing in, once the throttle has let somebody try and the password was checked.

use super::User;
use events::{FailureCause, Network, Personal, SessionStarted, Timestamp, UserId};

/// A sign-in that failed. Whoever tried is told the same, whatever the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denied {
    /// What to write down about the account; `None` when there is nobody to write it down about.
    pub cause: Option<FailureCause>,
}

/// Starts a session for whoever gave the right password, when they may sign in. Whether a second factor is asked for
/// is looked at afterwards, so that nobody learns of one before the password was right.
///
/// `matches` says whether the password fits the hash of this very state. Somebody who chose none yet, and somebody
/// who is not there, must still have been compared with something, so that each answer takes the same time.
/// With `verified_only` nobody signs in whose address is not verified.
pub fn sign_in(
    user: &User,
    user_id: UserId,
    matches: bool,
    verified_only: bool,
    expires_at: Timestamp,
    network: Network,
) -> Result<SessionStarted, Denied> {
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
        User::Active(person) if verified_only && !person.email_verified => denied(FailureCause::Unverified),
        User::Active(_) => {
            let network = Personal::Open(network);
            Ok(SessionStarted { user_id, expires_at, network, second_factor: None })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::support::{
        ADA, given, minute, network, registered, registered_with, suspended,
    };
    use events::Fact;

    fn try_with(history: impl IntoIterator<Item = Fact>, matches: bool) -> Result<SessionStarted, Denied> {
        sign_in(&given(history).user, ADA, matches, false, minute(60), network())
    }

    fn denied(cause: FailureCause) -> Result<SessionStarted, Denied> {
        Err(Denied { cause: Some(cause) })
    }

    #[test]
    fn the_right_password_starts_a_session() {
        let network = Personal::Open(network());
        let started = SessionStarted { user_id: ADA, expires_at: minute(60), network, second_factor: None };
        assert_eq!(try_with([registered("ada@x.io")], true), Ok(started));
    }

    #[test]
    fn where_verified_addresses_alone_sign_in_the_others_are_denied() {
        let try_with = |history: Vec<Fact>, matches| {
            sign_in(&given(history).user, ADA, matches, true, minute(60), network())
        };
        let ada = || registered("ada@x.io");
        assert_eq!(try_with(vec![ada()], true), denied(FailureCause::Unverified));
        assert_eq!(try_with(vec![ada()], false), denied(FailureCause::WrongPassword));
        assert!(try_with(vec![ada(), Fact::EmailVerified], true).is_ok());
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
