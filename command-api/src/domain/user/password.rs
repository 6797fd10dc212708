//! What a person proves to be themselves with.

use crate::domain::{OwnSession, PasswordHash, Refusal, User};
use events::{Fact, PasswordChanged, Personal, RevocationCause, SessionsRevoked, Version};

/// The person chooses another password, and every other session of theirs ends.
///
/// `verified` is the [`password_version`](crate::domain::Person::password_version) that the current password was
/// checked against. Hashing takes its time; when somebody chose another password meanwhile, the check was of an old
/// one and counts for nothing.
pub fn change_password(
    user: &User,
    session: OwnSession,
    verified: Version,
    password_hash: PasswordHash,
) -> Result<Vec<Fact>, Refusal> {
    session.must_stand(user)?;
    user.must_have_verified(verified)?;
    Ok(vec![
        Fact::PasswordChanged(PasswordChanged { credential: Personal::Open(password_hash.into_fact()) }),
        Fact::SessionsRevoked(SessionsRevoked {
            except: Some(session.id),
            cause: RevocationCause::PasswordChanged,
        }),
    ])
}

/// Keeps the same password under today's parameters, after it was checked against the hash of `verified`, a
/// [`credential_version`](crate::domain::Person::credential_version).
///
/// Nobody asked for it, so it refuses nothing: when the hash has changed meanwhile, or the person may no longer sign
/// in, there is nothing to say.
#[must_use]
pub fn rehash(user: &User, verified: Version, password_hash: PasswordHash) -> Vec<Fact> {
    match user {
        User::Active(person) if person.credential_version == verified => {
            vec![Fact::PasswordRehashed(PasswordChanged {
                credential: Personal::Open(password_hash.into_fact()),
            })]
        }
        User::Active(_) | User::Unknown | User::Suspended(_) | User::Deleted(_) | User::Erased => vec![],
    }
}

impl User {
    /// Was the password that is good now the one that was checked?
    pub(super) fn must_have_verified(&self, verified: Version) -> Result<(), Refusal> {
        match self.changeable()?.password_version == verified {
            true => Ok(()),
            false => Err(Refusal::WrongPassword),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::support::*;
    use events::Position;

    const FIRST: Version = Version(1);

    #[test]
    fn another_password_ends_every_other_session() {
        given([registered("ada@x.io")])
            .when(|user| change_password(user, own_session(), FIRST, hash("second")))
            .then([
                password_changed("second"),
                sessions_revoked(Some(own_session().id), RevocationCause::PasswordChanged),
            ]);
    }

    #[test]
    fn a_password_that_was_checked_before_another_was_chosen_counts_for_nothing() {
        given([registered("ada@x.io"), password_changed("second")])
            .when(|user| change_password(user, own_session(), FIRST, hash("third")))
            .refused(Refusal::WrongPassword);
    }

    #[test]
    fn a_rehash_meanwhile_leaves_the_password_as_it_was_checked() {
        given([registered("ada@x.io"), rehashed("first, dearer")])
            .when(|user| change_password(user, own_session(), FIRST, hash("second")))
            .then([
                password_changed("second"),
                sessions_revoked(Some(own_session().id), RevocationCause::PasswordChanged),
            ]);
    }

    #[test]
    fn a_session_that_ended_meanwhile_chooses_no_password() {
        let early = OwnSession { id: session(1), started_position: Position(11) };
        let by_owner = RevocationCause::RequestedByOwner;
        given([registered("ada@x.io"), sessions_revoked(None, by_owner)])
            .when(|user| change_password(user, early, FIRST, hash("second")))
            .refused(Refusal::SessionEnded);
    }

    #[test]
    fn only_who_may_act_for_themselves_chooses_a_password() {
        for (history, refusal) in [
            (vec![], Refusal::UnknownUser),
            (vec![registered("ada@x.io"), suspended("spam")], Refusal::Suspended),
            (vec![registered("ada@x.io"), Fact::UserDeleted], Refusal::Deleted),
            (vec![registered("ada@x.io"), Fact::UserErased], Refusal::UnknownUser),
        ] {
            given(history)
                .when(|user| change_password(user, own_session(), FIRST, hash("second")))
                .refused(refusal);
        }
    }

    #[test]
    fn a_hash_is_made_anew_once() {
        let dearer = || rehashed("first, dearer");
        given([registered("ada@x.io")])
            .when(|user| Ok(rehash(user, FIRST, hash("first, dearer"))))
            .then([dearer()]);
        given([registered("ada@x.io"), dearer()])
            .when(|user| Ok(rehash(user, FIRST, hash("first, dearer"))))
            .then([]);
    }

    #[test]
    fn an_old_password_is_never_hashed_over_a_new_one() {
        given([registered("ada@x.io"), password_changed("second")])
            .when(|user| Ok(rehash(user, FIRST, hash("first, dearer"))))
            .then([]);
    }

    #[test]
    fn nothing_is_rehashed_for_who_may_not_sign_in() {
        for last in [suspended("spam"), Fact::UserDeleted, Fact::UserErased] {
            given([registered("ada@x.io"), last])
                .when(|user| Ok(rehash(user, FIRST, hash("first, dearer"))))
                .then([]);
        }
    }
}
