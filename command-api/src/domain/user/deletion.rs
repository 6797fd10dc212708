//! Closing an account, and destroying its keys.

use crate::domain::{OwnSession, Refusal, User};
use events::{Fact, Version};

/// The person closes their own account, having given their password once more.
///
/// `verified` is the [`password_version`](crate::domain::Person::password_version) that the password was checked
/// against.
pub fn close(user: &User, session: OwnSession, verified: Version) -> Result<Vec<Fact>, Refusal> {
    session.must_stand(user)?;
    user.must_have_verified(verified)?;
    Ok(vec![Fact::UserDeleted])
}

/// Somebody else closes the account. Sign-in is refused and every session ends at once; the keys live until it is
/// erased. Closing it again says nothing new.
pub fn delete(user: &User) -> Result<Vec<Fact>, Refusal> {
    match user {
        User::Active(_) | User::Suspended(_) => Ok(vec![Fact::UserDeleted]),
        User::Deleted(_) => Ok(vec![]),
        User::Unknown | User::Erased => Err(Refusal::UnknownUser),
    }
}

/// The person's keys are destroyed, now and for good, whether or not the account was closed before; unless a legal
/// hold stands.
///
/// Unlike every other command, this one knows an erased person: the keys go after the record is written, so whoever
/// was cut off between the two must be able to ask again.
pub fn erase(user: &User) -> Result<Vec<Fact>, Refusal> {
    match user {
        User::Active(person) | User::Suspended(person) | User::Deleted(person) if person.held => {
            Err(Refusal::LegalHold)
        }
        User::Active(_) | User::Suspended(_) | User::Deleted(_) => Ok(vec![Fact::UserErased]),
        User::Erased => Ok(vec![]),
        User::Unknown => Err(Refusal::UnknownUser),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::support::*;
    use events::{Position, RevocationCause};

    const FIRST: Version = Version(1);

    #[test]
    fn a_person_closes_their_own_account() {
        given([registered("ada@x.io")])
            .when(|user| close(user, own_session(), FIRST))
            .then([Fact::UserDeleted]);
    }

    #[test]
    fn an_account_is_closed_with_the_password_of_now() {
        given([registered("ada@x.io"), password_changed("second")])
            .when(|user| close(user, own_session(), FIRST))
            .refused(Refusal::WrongPassword);
    }

    #[test]
    fn a_session_that_ended_meanwhile_closes_nothing() {
        let early = OwnSession { started_position: Position(11), ..own_session() };
        given([registered("ada@x.io"), sessions_revoked(None, RevocationCause::RequestedByOther)])
            .when(|user| close(user, early, FIRST))
            .refused(Refusal::SessionEnded);
    }

    #[test]
    fn only_who_may_act_for_themselves_closes_their_account() {
        for (history, refusal) in [
            (vec![], Refusal::UnknownUser),
            (vec![registered("ada@x.io"), suspended("spam")], Refusal::Suspended),
            (vec![registered("ada@x.io"), Fact::UserDeleted], Refusal::Deleted),
            (vec![registered("ada@x.io"), Fact::UserErased], Refusal::UnknownUser),
        ] {
            given(history).when(|user| close(user, own_session(), FIRST)).refused(refusal);
        }
    }

    #[test]
    fn deleting_twice_says_nothing_new() {
        given([registered("ada@x.io")]).when(delete).then([Fact::UserDeleted]);
        given([registered("ada@x.io"), suspended("spam")]).when(delete).then([Fact::UserDeleted]);
        given([registered("ada@x.io"), Fact::UserDeleted]).when(delete).then([]);
    }

    #[test]
    fn an_erased_person_is_as_unknown_to_deletion_as_nobody() {
        for history in [vec![], vec![registered("ada@x.io"), Fact::UserErased]] {
            given(history).when(delete).refused(Refusal::UnknownUser);
        }
    }

    #[test]
    fn anybody_who_is_there_can_be_erased() {
        for history in [
            vec![registered("ada@x.io")],
            vec![registered("ada@x.io"), suspended("spam")],
            vec![registered("ada@x.io"), Fact::UserDeleted],
        ] {
            given(history).when(erase).then([Fact::UserErased]);
        }
    }

    #[test]
    fn erasing_twice_says_nothing_new_so_that_a_cut_off_erasure_can_be_finished() {
        given([registered("ada@x.io"), Fact::UserErased]).when(erase).then([]);
    }

    #[test]
    fn nobody_cannot_be_erased() {
        given([]).when(erase).refused(Refusal::UnknownUser);
    }
}
