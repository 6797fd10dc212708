//! Sessions: each sign-in, from where, and whether it still lives.

use crate::{Happened, ReadModels, ReadModelsError, Shown, Unfoldable};
use events::{Position, SessionId, Timestamp, UserId};

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// The session.
    pub session_id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// When it started.
    pub started_at: Timestamp,
    /// The position of its `session.started`.
    pub started_position: Position,
    /// When its tokens were last refreshed, or when it started.
    pub refreshed_at: Timestamp,
    /// It ends then, however often it is refreshed.
    pub expires_at: Timestamp,
    /// When it ended before its time, if it did: signed out, revoked, replayed, or with all others of its owner.
    pub ended_at: Option<Timestamp>,
    /// The position of what ended it.
    pub ended_position: Option<Position>,
    /// From where it was last refreshed or started; none once its owner is erased.
    pub ip: Option<String>,
    /// With what; none once its owner is erased.
    pub user_agent: Option<String>,
}

impl SessionRow {
    /// The session after one more fact of its stream.
    pub fn apply(row: Option<Self>, id: SessionId, happened: &Happened<'_>) -> Result<Self, Unfoldable> {
        let _ = (row, id, happened);
        unimplemented!()
    }
}

impl ReadModels {
    /// One session.
    pub async fn session(&self, id: SessionId) -> Result<Shown<Option<SessionRow>>, ReadModelsError> {
        let _ = id;
        unimplemented!()
    }

    /// A person's sessions, the newest first, beginning with those that started before position `before`. With
    /// `live_at` only those that at that moment have neither ended nor expired.
    pub async fn sessions_of(
        &self,
        user: UserId,
        live_at: Option<Timestamp>,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Shown<Vec<SessionRow>>, ReadModelsError> {
        let _ = (user, live_at, before, limit);
        unimplemented!()
    }
}
