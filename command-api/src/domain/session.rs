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
