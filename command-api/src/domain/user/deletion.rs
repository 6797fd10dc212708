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

/// The person's keys are destroyed, now and for good, whether or not the account was closed before.
///
/// Unlike every other command, this one knows an erased person: the keys go after the record is written, so whoever
/// was cut off between the two must be able to ask again.
pub fn erase(user: &User) -> Result<Vec<Fact>, Refusal> {
    match user {
        User::Active(_) | User::Suspended(_) | User::Deleted(_) => Ok(vec![Fact::UserErased]),
        User::Erased => Ok(vec![]),
        User::Unknown => Err(Refusal::UnknownUser),
    }
}
