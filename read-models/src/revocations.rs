//! What was taken away or given so lately that a token may still say otherwise. No table of its own: the answer lies
//! in the rows of users and sessions.

use crate::{ReadModels, ReadModelsError, Shown, UserStatus};
use events::{Position, RoleName, SessionId, Timestamp, UserId};
use std::{collections::BTreeSet, time::Duration};

/// How far back changes are told. No access token lives for longer than an hour; clocks may differ by the rest.
const LATELY: Duration = Duration::from_secs(65 * 60);

/// What changed lately, counted from the newest record that was applied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Revocations {
    /// The time of the newest record that was applied.
    pub newest: Timestamp,
    /// Sessions that ended.
    pub sessions: Vec<EndedSession>,
    /// People who may do something else than before.
    pub people: Vec<ChangedPerson>,
}

/// A session that ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedSession {
    /// The session.
    pub session_id: SessionId,
    /// Whose it was.
    pub user_id: UserId,
    /// When it ended.
    pub ended_at: Timestamp,
}

/// A person who was suspended, reinstated, deleted, erased, given or deprived of a role, or signed out everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedPerson {
    /// The person.
    pub user_id: UserId,
    /// When the last such change happened.
    pub changed_at: Timestamp,
    /// Whether they may act at all: only who is active may.
    pub status: UserStatus,
    /// All the roles that they have now.
    pub roles: BTreeSet<RoleName>,
    /// Which of their sessions ended together, the last time that this happened.
    pub revoked: Option<RevokedSessions>,
}

/// All sessions of a person that started before a position, but for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevokedSessions {
    /// Sessions whose `session.started` stands before this ended.
    pub before: Position,
    /// The one that goes on.
    pub except: Option<SessionId>,
}

impl ReadModels {
    /// What changed lately.
    pub async fn revocations(&self) -> Result<Shown<Revocations>, ReadModelsError> {
        let _ = LATELY;
        unimplemented!()
    }
}
