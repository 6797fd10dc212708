//! Ending all of a person's sessions at once. Ending one is `domain::session`.

use crate::domain::{OwnSession, Refusal, User};
use events::{Fact, RevocationCause, SessionsRevoked};

/// The person ends every session of theirs but the one they ask from.
///
/// It is said each time: whether there are others to end is not known here, and one may be about to start.
pub fn revoke_other_sessions(user: &User, session: OwnSession) -> Result<Vec<Fact>, Refusal> {
    session.must_stand(user)?;
    Ok(vec![Fact::SessionsRevoked(SessionsRevoked {
        except: Some(session.id),
        cause: RevocationCause::RequestedByOwner,
    })])
}

/// Somebody else ends every session of the person. A deleted person has none left to end.
pub fn revoke_sessions(user: &User) -> Result<Vec<Fact>, Refusal> {
    match user {
        User::Active(_) | User::Suspended(_) => Ok(vec![Fact::SessionsRevoked(SessionsRevoked {
            except: None,
            cause: RevocationCause::RequestedByOther,
        })]),
        User::Deleted(_) => Ok(vec![]),
        User::Unknown | User::Erased => Err(Refusal::UnknownUser),
    }
}
