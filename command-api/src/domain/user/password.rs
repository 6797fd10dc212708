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
