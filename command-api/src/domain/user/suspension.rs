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
