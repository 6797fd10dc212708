//! The list of everything that happened, for people to page through. It holds what stands clear around a fact, so
//! that types which this version does not know are listed too. The records themselves stay in the log.

mod list;
mod table;

pub use list::AuditFilter;
pub(crate) use table::Audit;

use crate::Projected;
use events::{Actor, Category, EventId, Position, SessionId, StreamName, Timestamp, UserId};

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

impl AuditRow {
    /// How this event is listed. Whose session it is stands in the fact; if that cannot be read, it is not known.
    #[must_use]
    pub fn of(projected: &Projected) -> Self {
        let record = &projected.record;
        let owner = projected.fact.as_ref().ok().and_then(|fact| fact.session_owner());
        let (user_id, session_id) = match record.stream.category() {
            Category::User(user) | Category::SignIn(user) | Category::Factor(user) | Category::Mail(user) => {
                (Some(user), None)
            }
            Category::Session(session) => (owner, Some(session)),
            Category::Role(_)
            | Category::Service(_)
            | Category::KeyUse(_)
            | Category::Export
            | Category::Retention
            | Category::Unknown => (None, None),
        };
        Self {
            position: projected.position,
            event_id: record.id,
            event_type: crate::columns::text(&record.event_type),
            recorded_at: record.time,
            actor: record.context.actor,
            subject: record.stream.clone(),
            user_id,
            session_id,
            correlation_id: crate::columns::text(&record.context.correlation_id),
        }
    }
}
