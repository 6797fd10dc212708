//! The list of everything that happened, for people to page through. It holds what stands clear around a fact, so
//! that types which this version does not know are listed too. The records themselves stay in the log.

use crate::{ReadModels, ReadModelsError, Shown};
use events::{Actor, EventId, Position, SessionId, StreamName, Timestamp, UserId};

/// One event of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its place in the log.
    pub position: Position,
    /// Its id.
    pub event_id: EventId,
    /// What happened, as on the wire.
    pub event_type: String,
    /// When.
    pub recorded_at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// The stream that it belongs to.
    pub subject: StreamName,
    /// The person whom it is about, when it is about one.
    pub user_id: Option<UserId>,
    /// The session that it is about, when it is about one.
    pub session_id: Option<SessionId>,
    /// The request that it came from.
    pub correlation_id: String,
}

/// Which events to list. What is absent restricts nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Only positions before this one. The place to go on from when a page is followed by another.
    pub before: Option<Position>,
    /// Only positions after this one.
    pub after: Option<Position>,
    /// Only from this moment on.
    pub from: Option<Timestamp>,
    /// Only before this moment.
    pub to: Option<Timestamp>,
    /// Only types that begin like this.
    pub type_prefix: Option<String>,
    /// Only what they did.
    pub actor: Option<Actor>,
    /// Only this stream.
    pub subject: Option<StreamName>,
    /// Only this session.
    pub session_id: Option<SessionId>,
    /// Only this request.
    pub correlation_id: Option<String>,
    /// Only what is about this person.
    pub user_id: Option<UserId>,
}

impl ReadModels {
    /// Events, the newest first.
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        limit: usize,
    ) -> Result<Shown<Vec<AuditRow>>, ReadModelsError> {
        let _ = (filter, limit);
        unimplemented!()
    }
}
