//! One sign-in's life.

use super::{Contradiction, Happened, Refusal, User};
use events::{
    EndCause, Fact, Network, Personal, Position, SecondFactor, SessionId, SessionRefreshed,
    SessionReplayDetected, SessionRevoked, Timestamp, UserId,
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
    /// When the person last proved who they are.
    pub authenticated_at: Timestamp,
    /// What was asked for then beside the password.
    pub second_factor: Option<SecondFactor>,
    /// Whether the refresh token before the good one is forgiven within the grace. Not after the person proved
    /// themselves: whoever holds a token from before must not come to one that says so.
    pub forgiving: bool,
}

/// The session that a command came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnSession {
    /// Its id.
    pub id: SessionId,
    /// The position of its `session.started`.
    pub started_position: Position,
    /// Whether the token that the command came with was given for a second factor.
    pub has_second_factor: bool,
}

/// How long what holds, that a session's life is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spans {
    /// The last refresh token, after it was exchanged.
    pub grace: Duration,
    /// A session that nobody refreshes.
    pub idle: Duration,
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
                authenticated_at: happened.at,
                second_factor: fact.second_factor,
                forgiving: true,
            })),
            Fact::SessionRefreshed(fact) | Fact::SessionReauthenticated(fact) => {
                Ok(Session::Live(LiveSession {
                    id,
                    user_id: fact.user_id,
                    generation: fact.generation,
                    rotated_at: happened.at,
                    started_at: fact.started_at,
                    started_position: fact.started_position,
                    expires_at: fact.expires_at,
                    authenticated_at: fact.authenticated_at.unwrap_or(fact.started_at),
                    second_factor: fact.second_factor,
                    forgiving: matches!(happened.fact, Fact::SessionRefreshed(_)),
                }))
            }
            Fact::SessionRevoked(fact) => Ok(Session::Ended { user_id: fact.user_id }),
            Fact::SessionReplayDetected(fact) => Ok(Session::Ended { user_id: fact.user_id }),
            Fact::UserRegistered(_)
            | Fact::UserImported(_)
            | Fact::ProfileChanged(_)
            | Fact::PictureChanged(_)
            | Fact::PictureRemoved
            | Fact::PasswordChanged(_)
            | Fact::PasswordRehashed(_)
            | Fact::RoleGranted(_)
            | Fact::RoleRevoked(_)
            | Fact::UserSuspended(_)
            | Fact::UserReinstated
            | Fact::SessionsRevoked(_)
            | Fact::UserDeleted
            | Fact::UserErased
            | Fact::TotpEnrolled(_)
            | Fact::TotpConfirmed(_)
            | Fact::RecoveryCodesIssued(_)
            | Fact::SecondFactorRemoved
            | Fact::SecondFactorUsed(_)
            | Fact::SignInFailed(_)
            | Fact::LockedOut(_)
            | Fact::LockoutLifted
            | Fact::EmailVerified
            | Fact::EmailChangeRequested(_)
            | Fact::EmailChanged(_)
            | Fact::UserInvited
            | Fact::PasswordResetRequested(_)
            | Fact::VerificationRequested(_)
            | Fact::AddressTaken(_)
            | Fact::RoleDefined(_)
            | Fact::RoleRemoved(_)
            | Fact::UserHoldPlaced(_)
            | Fact::UserHoldLifted
            | Fact::HoldPlaced(_)
            | Fact::HoldLifted(_)
            | Fact::NetworkEnded(_)
            | Fact::AuditExported(_)
            | Fact::ServiceAccountCreated(_)
            | Fact::ServiceAccountRemoved
            | Fact::KeyIssued(_)
            | Fact::KeyRevoked(_)
            | Fact::KeyUsed(_) => Err(Contradiction::new(&happened, "a session")),
        }
    }

    /// The live session, if it is this person's, has neither run out nor lain idle for too long, and its person lets
    /// it live.
    #[must_use]
    pub fn standing(&self, user: &User, now: Timestamp, idle: Duration) -> Option<&LiveSession> {
        match self {
            Session::Live(live) => Some(live).filter(|live| {
                now < live.ends_at(idle) && user.session_stands(live.id, live.started_position)
            }),
            Session::Unknown | Session::Ended { .. } => None,
        }
    }
}

impl LiveSession {
    /// When it ends by itself: `idle` after its last refresh, and never past `expires_at`.
    #[must_use]
    pub fn ends_at(&self, idle: Duration) -> Timestamp {
        self.rotated_at.after(idle).min(self.expires_at)
    }

    /// The same session at its next generation; `None` when there is none.
    fn next(&self, network: Network) -> Option<SessionRefreshed> {
        Some(SessionRefreshed {
            user_id: self.user_id,
            generation: self.generation.checked_add(1)?,
            started_at: self.started_at,
            started_position: self.started_position,
            expires_at: self.expires_at,
            network: Personal::Open(network),
            authenticated_at: None,
            second_factor: self.second_factor,
        })
    }
}

/// Exchanges the refresh token of generation `presented` for its successor.
///
/// `user` MUST be the session's own. The immediate predecessor of the good token is forgiven for `grace` after it
/// was exchanged and gets the same successor, so that tabs and retries do not end a session; any other old token is
/// a replay. What was good before the person proved themselves once more gets no successor, and within `grace` ends
/// nothing. Nothing outlives `expires_at`, nor `idle` without a refresh.
pub fn refresh(
    session: &Session,
    user: &User,
    presented: u32,
    now: Timestamp,
    spans: Spans,
    network: Network,
) -> Refresh {
    let Some(live) = session.standing(user, now, spans.idle) else { return Refresh::Invalid };
    let forgiven = now.since(live.rotated_at) <= spans.grace;
    match live.generation.checked_sub(presented) {
        None => Refresh::Invalid,
        Some(0) => rotate(live, network),
        Some(1) if forgiven && live.forgiving => Refresh::SameSuccessor { generation: live.generation },
        // Perhaps another tab that knows nothing of it yet, so the session goes on.
        Some(1) if forgiven => Refresh::Invalid,
        Some(_) => Refresh::Replay(Fact::SessionReplayDetected(SessionReplayDetected {
            user_id: live.user_id,
            generation: presented,
            network: Personal::Open(network),
        })),
    }
}

fn rotate(live: &LiveSession, network: Network) -> Refresh {
    let Some(next) = live.next(network) else { return Refresh::Invalid };
    let later = (live.authenticated_at != live.started_at).then_some(live.authenticated_at);
    Refresh::Rotate(Fact::SessionRefreshed(SessionRefreshed { authenticated_at: later, ..next }))
}

/// The person has just proved once more who they are, in this session: it goes on with a refresh token of the next
/// generation, and its access tokens say so.
///
/// `user` MUST be the session's own.
pub fn reauthenticate(
    session: &Session,
    user: &User,
    second_factor: Option<SecondFactor>,
    now: Timestamp,
    idle: Duration,
    network: Network,
) -> Result<Vec<Fact>, Refusal> {
    let live = session.standing(user, now, idle).ok_or(Refusal::SessionEnded)?;
    let next = live.next(network).ok_or(Refusal::SessionEnded)?;
    let proved = SessionRefreshed { authenticated_at: Some(now), second_factor, ..next };
    Ok(vec![Fact::SessionReauthenticated(proved)])
}

/// Ends one session of this person. Ending it again says nothing new; somebody else's is as good as unknown.
pub fn end_session(session: &Session, of: UserId, cause: EndCause) -> Result<Vec<Fact>, Refusal> {
    match session {
        Session::Live(live) if live.user_id == of => {
            Ok(vec![Fact::SessionRevoked(SessionRevoked { user_id: of, cause })])
        }
        Session::Ended { user_id } if *user_id == of => Ok(vec![]),
        Session::Live(_) | Session::Ended { .. } => Err(Refusal::AnothersSession),
        Session::Unknown => Err(Refusal::UnknownSession),
    }
}

impl OwnSession {
    /// The session must not have ended since the caller was checked, nor its person been kept from acting.
    ///
    /// Nor may the token be one from before its person had a second factor. The session outlived the moment at which
    /// that came into force; whoever holds such a token must not put their own authenticator in its place, nor give it up
    /// by the password alone.
    pub(super) fn must_stand(self, user: &User) -> Result<(), Refusal> {
        match user {
            User::Active(person) if user.session_stands(self.id, self.started_position) => {
                match person.factor.is_asked_for() && !self.has_second_factor {
                    true => Err(Refusal::SecondFactorMissing),
                    false => Ok(()),
                }
            }
            User::Active(_) => Err(Refusal::SessionEnded),
            User::Suspended(_) => Err(Refusal::Suspended),
            User::Deleted(_) => Err(Refusal::Deleted),
            User::Unknown | User::Erased => Err(Refusal::UnknownUser),
        }
    }
}

#[cfg(test)]
mod tests;
