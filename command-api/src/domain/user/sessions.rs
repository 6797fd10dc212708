//! Ending all of a person's sessions at once. Ending one is `domain::session`.

use crate::domain::{OwnSession, Refusal, User};
use events::{Fact, RevocationCause, SessionsRevoked};

/// The person ends every session of theirs but the one they ask from.
///
/// It is said each time: whether there are others to end is not known here, and one may be about to start.
pub fn revoke_other_sessions(user: &User, session: OwnSession) -> Result<Vec<Fact>, Refusal> {
    session.must_stand(user)?;
    user.changeable()?.must_have_room()?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::support::*;
    use events::Position;

    #[test]
    fn the_session_that_asks_goes_on() {
        given([registered("ada@x.io")])
            .when(|user| revoke_other_sessions(user, own_session()))
            .then([sessions_revoked(Some(own_session().id), RevocationCause::RequestedByOwner)]);
    }

    #[test]
    fn asking_again_is_said_again_because_others_may_have_started() {
        let revoked = || sessions_revoked(Some(own_session().id), RevocationCause::RequestedByOwner);
        given([registered("ada@x.io"), revoked()])
            .when(|user| revoke_other_sessions(user, own_session()))
            .then([revoked()]);
    }

    #[test]
    fn a_session_that_ended_meanwhile_ends_no_others() {
        let early = OwnSession { started_position: Position(11), ..own_session() };
        let by_other = || sessions_revoked(None, RevocationCause::RequestedByOther);
        given([registered("ada@x.io"), by_other()])
            .when(|user| revoke_other_sessions(user, early))
            .refused(Refusal::SessionEnded);
    }

    #[test]
    fn only_who_may_act_for_themselves_ends_their_sessions() {
        for (history, refusal) in [
            (vec![], Refusal::UnknownUser),
            (vec![registered("ada@x.io"), suspended("spam")], Refusal::Suspended),
            (vec![registered("ada@x.io"), Fact::UserDeleted], Refusal::Deleted),
            (vec![registered("ada@x.io"), Fact::UserErased], Refusal::UnknownUser),
        ] {
            given(history).when(|user| revoke_other_sessions(user, own_session())).refused(refusal);
        }
    }

    #[test]
    fn somebody_else_ends_them_all() {
        let ended = || sessions_revoked(None, RevocationCause::RequestedByOther);
        given([registered("ada@x.io")]).when(revoke_sessions).then([ended()]);
        given([registered("ada@x.io"), suspended("spam")]).when(revoke_sessions).then([ended()]);
    }

    #[test]
    fn a_deleted_person_has_none_to_end() {
        given([registered("ada@x.io"), Fact::UserDeleted]).when(revoke_sessions).then([]);
    }

    #[test]
    fn an_erased_person_is_as_unknown_as_nobody() {
        for history in [vec![], vec![registered("ada@x.io"), Fact::UserErased]] {
            given(history).when(revoke_sessions).refused(Refusal::UnknownUser);
        }
    }
}
