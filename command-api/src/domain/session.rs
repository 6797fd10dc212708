//! One sign-in's life.

use super::{Contradiction, Happened, Refusal, User};
use events::{
    EndCause, Fact, Network, Personal, Position, SessionId, SessionRefreshed, SessionReplayDetected,
    SessionRevoked, Timestamp, UserId,
};
use std::time::Duration;

/// A session, from the last record of `session-{id}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// Never started.
    Unknown,
    /// Not ended by itself. Whether its person still lets it live is [`User::session_stands`].
    Live(LiveSession),
    /// Ended before its time.
    Ended {
        /// Whose it was.
        user_id: UserId,
    },
}

/// A session that has not been ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveSession {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The generation of the refresh token that is good now.
    pub generation: u32,
    /// Since when that one is good.
    pub rotated_at: Timestamp,
    /// When it started.
    pub started_at: Timestamp,
    /// The position of `session.started`.
    pub started_position: Position,
    /// It ends then, however often it is refreshed.
    pub expires_at: Timestamp,
}

/// The session that a command came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnSession {
    /// Its id.
    pub id: SessionId,
    /// The position of its `session.started`.
    pub started_position: Position,
}

/// What presenting a refresh token leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refresh {
    /// The token is good: append this, and answer with the token of the next generation.
    Rotate(Fact),
    /// The token was good a moment ago, and its answer may have been lost or was asked for twice: answer with the
    /// token of this generation, and append nothing.
    SameSuccessor {
        /// The generation that is good now.
        generation: u32,
    },
    /// The token came back after its time: stolen or copied. Append this, which ends the session, and refuse.
    Replay(Fact),
    /// It is no token of a session that lives. Refuse; whoever presented it learns nothing of the difference.
    Invalid,
}

impl Session {
    /// The session of this id, as the last record of its stream says.
    pub fn read(id: SessionId, last: Option<Happened<'_>>) -> Result<Self, Contradiction> {
        let Some(happened) = last else { return Ok(Session::Unknown) };
        match happened.fact {
            Fact::SessionStarted(fact) => Ok(Session::Live(LiveSession {
                id,
                user_id: fact.user_id,
                generation: 0,
                rotated_at: happened.at,
                started_at: happened.at,
                started_position: happened.position,
                expires_at: fact.expires_at,
            })),
            Fact::SessionRefreshed(fact) => Ok(Session::Live(LiveSession {
                id,
                user_id: fact.user_id,
                generation: fact.generation,
                rotated_at: happened.at,
                started_at: fact.started_at,
                started_position: fact.started_position,
                expires_at: fact.expires_at,
            })),
            Fact::SessionRevoked(fact) => Ok(Session::Ended { user_id: fact.user_id }),
            Fact::SessionReplayDetected(fact) => Ok(Session::Ended { user_id: fact.user_id }),
            Fact::UserRegistered(_)
            | Fact::ProfileChanged(_)
            | Fact::PasswordChanged(_)
            | Fact::PasswordRehashed(_)
            | Fact::RoleGranted(_)
            | Fact::RoleRevoked(_)
            | Fact::UserSuspended(_)
            | Fact::UserReinstated
            | Fact::SessionsRevoked(_)
            | Fact::UserDeleted
            | Fact::UserErased
            | Fact::SignInFailed(_)
            | Fact::LockedOut(_)
            | Fact::LockoutLifted
            | Fact::RoleDefined(_)
            | Fact::RoleRemoved(_)
            | Fact::AuditExported(_) => Err(Contradiction::new(&happened, "a session")),
        }
    }

    /// The live session, if it is this person's, has not run out, and its person lets it live.
    #[must_use]
    pub fn standing(&self, user: &User, now: Timestamp) -> Option<&LiveSession> {
        match self {
            Session::Live(live) => Some(live)
                .filter(|live| now < live.expires_at && user.session_stands(live.id, live.started_position)),
            Session::Unknown | Session::Ended { .. } => None,
        }
    }
}

/// Exchanges the refresh token of generation `presented` for its successor.
///
/// `user` MUST be the session's own. The immediate predecessor of the good token is forgiven for `grace` after it
/// was exchanged and gets the same successor, so that tabs and retries do not end a session; any other old token is
/// a replay. Nothing outlives `expires_at`.
pub fn refresh(
    session: &Session,
    user: &User,
    presented: u32,
    now: Timestamp,
    grace: Duration,
    network: Network,
) -> Refresh {
    let Some(live) = session.standing(user, now) else { return Refresh::Invalid };
    let forgiven = now.since(live.rotated_at) <= grace;
    match live.generation.checked_sub(presented) {
        None => Refresh::Invalid,
        Some(0) => rotate(live, network),
        Some(1) if forgiven => Refresh::SameSuccessor { generation: live.generation },
        Some(_) => Refresh::Replay(Fact::SessionReplayDetected(SessionReplayDetected {
            user_id: live.user_id,
            generation: presented,
            network: Personal::Open(network),
        })),
    }
}

fn rotate(live: &LiveSession, network: Network) -> Refresh {
    let Some(generation) = live.generation.checked_add(1) else { return Refresh::Invalid };
    Refresh::Rotate(Fact::SessionRefreshed(SessionRefreshed {
        user_id: live.user_id,
        generation,
        started_at: live.started_at,
        started_position: live.started_position,
        expires_at: live.expires_at,
        network: Personal::Open(network),
    }))
}

/// Ends one session of this person. Ending it again says nothing new; somebody else's is as good as unknown.
pub fn end_session(session: &Session, of: UserId, cause: EndCause) -> Result<Vec<Fact>, Refusal> {
    match session {
        Session::Live(live) if live.user_id == of => {
            Ok(vec![Fact::SessionRevoked(SessionRevoked { user_id: of, cause })])
        }
        Session::Ended { user_id } if *user_id == of => Ok(vec![]),
        Session::Live(_) | Session::Ended { .. } | Session::Unknown => Err(Refusal::UnknownSession),
    }
}

impl OwnSession {
    /// The session must not have ended since the caller was checked, nor its person been kept from acting.
    pub(super) fn must_stand(self, user: &User) -> Result<(), Refusal> {
        match user {
            User::Active(_) if user.session_stands(self.id, self.started_position) => Ok(()),
            User::Active(_) => Err(Refusal::SessionEnded),
            User::Suspended(_) => Err(Refusal::Suspended),
            User::Deleted(_) => Err(Refusal::Deleted),
            User::Unknown | User::Erased => Err(Refusal::UnknownUser),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::support::{
        ADA, given, minute, network, registered, session, sessions_revoked, suspended,
    };
    use events::{RevocationCause, SessionStarted, Version};

    const GRACE: Duration = Duration::from_secs(10);
    const BOB: UserId = UserId(uuid::Uuid::from_u128(0xb0b));

    fn read(at: Timestamp, fact: &Fact) -> Session {
        let (position, version) = (Position(50), Version(1));
        Session::read(session(1), Some(Happened { position, version, at, fact })).expect("a session's record")
    }

    /// Started at minute 0, ends at minute 60.
    fn started() -> Session {
        let network = Personal::Open(network());
        let fact = SessionStarted { user_id: ADA, expires_at: minute(60), network };
        read(minute(0), &Fact::SessionStarted(fact))
    }

    fn refreshed_fact(generation: u32) -> Fact {
        Fact::SessionRefreshed(SessionRefreshed {
            user_id: ADA,
            generation,
            started_at: minute(0),
            started_position: Position(50),
            expires_at: minute(60),
            network: Personal::Open(network()),
        })
    }

    /// The same session once `generation` is good, since this moment.
    fn refreshed(generation: u32, at: Timestamp) -> Session {
        read(at, &refreshed_fact(generation))
    }

    fn present(session: &Session, generation: u32, now: Timestamp) -> Refresh {
        refresh(session, &given([registered("ada@x.io")]).user, generation, now, GRACE, network())
    }

    fn replay(generation: u32) -> Refresh {
        let network = Personal::Open(network());
        let fact = SessionReplayDetected { user_id: ADA, generation, network };
        Refresh::Replay(Fact::SessionReplayDetected(fact))
    }

    #[test]
    fn a_session_is_what_its_last_record_says() {
        assert_eq!(Session::read(session(1), None), Ok(Session::Unknown));
        let live = LiveSession {
            id: session(1),
            user_id: ADA,
            generation: 0,
            rotated_at: minute(0),
            started_at: minute(0),
            started_position: Position(50),
            expires_at: minute(60),
        };
        assert_eq!(started(), Session::Live(live));
        let later = LiveSession { generation: 3, rotated_at: minute(5), ..live };
        assert_eq!(refreshed(3, minute(5)), Session::Live(later));
        let cause = EndCause::SignedOut;
        let ended = Fact::SessionRevoked(SessionRevoked { user_id: ADA, cause });
        assert_eq!(read(minute(6), &ended), Session::Ended { user_id: ADA });
        let Refresh::Replay(replayed) = replay(0) else { unreachable!() };
        assert_eq!(read(minute(6), &replayed), Session::Ended { user_id: ADA });
    }

    #[test]
    fn a_session_has_no_foreign_records() {
        let (position, version, at) = (Position(9), Version(1), minute(0));
        let happened = Happened { position, version, at, fact: &Fact::UserDeleted };
        assert!(Session::read(session(1), Some(happened)).is_err());
    }

    #[test]
    fn the_good_token_is_exchanged_for_the_next() {
        assert_eq!(present(&started(), 0, minute(1)), Refresh::Rotate(refreshed_fact(1)));
        assert_eq!(present(&refreshed(7, minute(5)), 7, minute(6)), Refresh::Rotate(refreshed_fact(8)));
    }

    #[test]
    fn refreshing_never_moves_the_end() {
        let Refresh::Rotate(Fact::SessionRefreshed(fact)) = present(&started(), 0, minute(59)) else {
            panic!("the token is good");
        };
        assert_eq!(
            (fact.expires_at, fact.started_at, fact.started_position),
            (minute(60), minute(0), Position(50))
        );
    }

    #[test]
    fn the_predecessor_gets_the_same_successor_within_grace() {
        let session = refreshed(4, minute(5));
        for late in [Duration::ZERO, Duration::from_secs(1), GRACE] {
            let answer = present(&session, 3, minute(5).after(late));
            assert_eq!(answer, Refresh::SameSuccessor { generation: 4 }, "{late:?}");
        }
    }

    #[test]
    fn a_clock_that_went_back_forgives_too() {
        let answer = present(&refreshed(4, minute(5)), 3, minute(4));
        assert_eq!(answer, Refresh::SameSuccessor { generation: 4 });
    }

    #[test]
    fn the_predecessor_after_grace_is_a_replay() {
        let just_after = minute(5).after(GRACE).after(Duration::from_micros(1));
        assert_eq!(present(&refreshed(4, minute(5)), 3, just_after), replay(3));
    }

    #[test]
    fn an_older_token_is_a_replay_even_within_grace() {
        for older in [0, 1, 2] {
            assert_eq!(present(&refreshed(4, minute(5)), older, minute(5)), replay(older));
        }
    }

    #[test]
    fn a_generation_that_was_never_given_is_no_token() {
        for unborn in [5, 6, u32::MAX] {
            assert_eq!(present(&refreshed(4, minute(5)), unborn, minute(5)), Refresh::Invalid);
        }
        assert_eq!(present(&refreshed(u32::MAX, minute(5)), u32::MAX, minute(5)), Refresh::Invalid);
    }

    #[test]
    fn nothing_outlives_the_end_of_the_session() {
        let last = Timestamp::from_micros(minute(60).micros() - 1);
        assert_eq!(present(&refreshed(4, last), 3, last), Refresh::SameSuccessor { generation: 4 });
        for generation in [0, 3, 4, 5] {
            assert_eq!(
                present(&refreshed(4, last), generation, minute(60)),
                Refresh::Invalid,
                "{generation}"
            );
        }
    }

    #[test]
    fn no_token_of_an_ended_or_unknown_session_is_good_nor_a_replay() {
        for session in [Session::Ended { user_id: ADA }, Session::Unknown] {
            assert_eq!(present(&session, 0, minute(1)), Refresh::Invalid);
        }
    }

    #[test]
    fn a_session_is_refreshed_only_while_its_person_lets_it_live() {
        let by_owner = RevocationCause::RequestedByOwner;
        let answer =
            |history: Vec<Fact>| refresh(&started(), &given(history).user, 0, minute(1), GRACE, network());
        // The session started at position 50; a history's nth record stands at position 10 n.
        let revoked_at = |n: usize, except| {
            let mut history = vec![registered("ada@x.io")];
            history.resize_with(n - 1, || crate::domain::tests::support::granted("auditor"));
            history.push(sessions_revoked(except, by_owner));
            history
        };
        assert_eq!(answer(revoked_at(6, None)), Refresh::Invalid, "ended after it started");
        assert_eq!(answer(revoked_at(6, Some(session(1)))), Refresh::Rotate(refreshed_fact(1)), "excepted");
        assert_eq!(
            answer(revoked_at(4, None)),
            Refresh::Rotate(refreshed_fact(1)),
            "ended before it started"
        );
        assert_eq!(answer(vec![registered("ada@x.io"), suspended("spam")]), Refresh::Invalid);
        assert_eq!(answer(vec![registered("ada@x.io"), Fact::UserDeleted]), Refresh::Invalid);
        assert_eq!(answer(vec![registered("ada@x.io"), Fact::UserErased]), Refresh::Invalid);
        assert_eq!(answer(vec![]), Refresh::Invalid);
    }

    #[test]
    fn a_session_ends_once() {
        let cause = EndCause::RevokedByOwner;
        let ended = Fact::SessionRevoked(SessionRevoked { user_id: ADA, cause });
        assert_eq!(end_session(&started(), ADA, cause), Ok(vec![ended]));
        assert_eq!(end_session(&Session::Ended { user_id: ADA }, ADA, cause), Ok(vec![]));
    }

    #[test]
    fn somebody_elses_session_is_as_unknown_as_none() {
        for session in [started(), Session::Ended { user_id: ADA }, Session::Unknown] {
            assert_eq!(end_session(&session, BOB, EndCause::RevokedByOwner), Err(Refusal::UnknownSession));
        }
    }
}
