//! Locking a person out, and letting them in again.

use crate::domain::{Refusal, SuspensionReason, User};
use events::{Fact, Personal, RevocationCause, SessionsRevoked, UserSuspended};

/// Locks a person out until somebody lifts it. Saying it twice changes nothing, not even the reason.
///
/// The sessions end for good: who is reinstated signs in again. Otherwise a stolen session, perhaps the very cause,
/// would come back to life with its owner.
pub fn suspend(user: &User, reason: SuspensionReason) -> Result<Vec<Fact>, Refusal> {
    match user {
        User::Active(_) => Ok(vec![
            Fact::UserSuspended(UserSuspended { reason: Personal::Open(reason.into_fact()) }),
            Fact::SessionsRevoked(SessionsRevoked { except: None, cause: RevocationCause::RequestedByOther }),
        ]),
        User::Suspended(_) => Ok(vec![]),
        User::Deleted(_) => Err(Refusal::Deleted),
        User::Unknown | User::Erased => Err(Refusal::UnknownUser), // a stranger must not learn the difference
    }
}

/// Lets a suspended person sign in again. Who is not suspended stays as they are.
pub fn reinstate(user: &User) -> Result<Vec<Fact>, Refusal> {
    match user {
        User::Suspended(_) => Ok(vec![Fact::UserReinstated]),
        User::Active(_) => Ok(vec![]),
        User::Deleted(_) => Err(Refusal::Deleted),
        User::Unknown | User::Erased => Err(Refusal::UnknownUser),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::support::*;
    use events::Position;

    fn reason(text: &str) -> SuspensionReason {
        SuspensionReason::new(text.to_owned()).expect("a reason")
    }

    #[test]
    fn suspending_ends_the_sessions() {
        given([registered("ada@x.io")])
            .when(|user| suspend(user, reason("spam")))
            .then([suspended("spam"), sessions_revoked(None, RevocationCause::RequestedByOther)]);
    }

    #[test]
    fn suspending_twice_says_nothing_new() {
        given([registered("ada@x.io"), suspended("spam")])
            .when(|user| suspend(user, reason("another reason")))
            .then([]);
    }

    #[test]
    fn reinstating_lifts_a_suspension_once() {
        given([registered("ada@x.io"), suspended("spam")]).when(reinstate).then([Fact::UserReinstated]);
        given([registered("ada@x.io"), suspended("spam"), Fact::UserReinstated]).when(reinstate).then([]);
        given([registered("ada@x.io")]).when(reinstate).then([]);
    }

    #[test]
    fn who_is_reinstated_can_be_suspended_again() {
        given([registered("ada@x.io"), suspended("spam"), Fact::UserReinstated])
            .when(|user| suspend(user, reason("spam again")))
            .then([suspended("spam again"), sessions_revoked(None, RevocationCause::RequestedByOther)]);
    }

    #[test]
    fn who_is_reinstated_signs_in_again() {
        let before = given([registered("ada@x.io")]);
        let started = Position(11);
        assert!(before.user.session_stands(session(1), started));
        let ended = sessions_revoked(None, RevocationCause::RequestedByOther);
        let after = given([registered("ada@x.io"), suspended("spam"), ended, Fact::UserReinstated]);
        assert!(!after.user.session_stands(session(1), started));
        assert!(after.user.session_stands(session(2), Position(41)));
    }

    #[test]
    fn a_deleted_person_is_neither_suspended_nor_reinstated() {
        for history in [
            vec![registered("ada@x.io"), Fact::UserDeleted],
            vec![registered("ada@x.io"), suspended("spam"), Fact::UserDeleted],
        ] {
            given(history.clone()).when(|user| suspend(user, reason("spam"))).refused(Refusal::Deleted);
            given(history).when(reinstate).refused(Refusal::Deleted);
        }
    }

    #[test]
    fn an_erased_person_is_as_unknown_as_nobody() {
        for history in [vec![], vec![registered("ada@x.io"), suspended("spam"), Fact::UserErased]] {
            given(history.clone()).when(|user| suspend(user, reason("spam"))).refused(Refusal::UnknownUser);
            given(history).when(reinstate).refused(Refusal::UnknownUser);
        }
    }
}
