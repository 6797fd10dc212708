//! Questions about the list.

use super::{AuditRow, table::Columns};
use crate::{
    ReadModels, ReadModelsError, Shown,
    columns::{position, shown, signed},
    open::reading,
};
use events::{Actor, Position, ServiceAccountId, SessionId, StreamName, Timestamp, UserId};
use sqlx::{Database, Encode, QueryBuilder, Type};
use uuid::Uuid;

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
    /// Only what was done with any key of this service account.
    pub service: Option<ServiceAccountId>,
    /// Only this stream.
    pub subject: Option<StreamName>,
    /// Only this session.
    pub session_id: Option<SessionId>,
    /// Only this request.
    pub correlation_id: Option<String>,
    /// Without legal holds on people, which those must not see.
    pub without_holds: bool,
    /// Only what is about this person.
    pub user_id: Option<UserId>,
}

const SHOWN: &str = "
    select c.position as shown_at, a.* from checkpoint c left join (
        select 1 as there, position, event_id, event_type, recorded_at_us, actor, subject, user_id, session_id,
            correlation_id
        from audit_events where true";

/// With a sum of it the position is not taken from its index, through which PostgreSQL would walk all the history that is
/// older than what was asked for.
const SPAN: &str = "select min(position + 0), max(position + 0) from audit_events where true";

const SHOWN_END: &str = ") a on true order by a.position desc";

impl ReadModels {
    /// Events, the newest first.
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        limit: usize,
    ) -> Result<Shown<Vec<AuditRow>>, ReadModelsError> {
        reading!(self, |pool| {
            let mut query = QueryBuilder::new(SHOWN);
            filter.restrict(&mut query);
            query.push(" order by position desc limit ").push_bind(signed(limit as u64)).push(SHOWN_END);
            shown::<Columns, AuditRow, _>(&query.build().fetch_all(pool).await?)
        })
    }
}

impl ReadModels {
    /// The first and the last position of what a filter lets through; none when that is nothing. Clocks order nothing,
    /// so between the two there may be events that it does not let through.
    pub async fn audit_span(
        &self,
        filter: &AuditFilter,
    ) -> Result<Option<(Position, Position)>, ReadModelsError> {
        let (first, last): (Option<i64>, Option<i64>) = reading!(self, |pool| {
            let mut query = QueryBuilder::new(SPAN);
            filter.restrict(&mut query);
            query.build_query_as().fetch_one(pool).await?
        });
        let position = |count| position("audit_events", count);
        first.zip(last).map(|(first, last)| Ok((position(first)?, position(last)?))).transpose()
    }
}

impl AuditFilter {
    fn restrict<DB: Database>(&self, query: &mut QueryBuilder<DB>)
    where
        i64: for<'q> Encode<'q, DB> + Type<DB>,
        Uuid: for<'q> Encode<'q, DB> + Type<DB>,
        String: for<'q> Encode<'q, DB> + Type<DB>,
    {
        let numbers = [
            (" and position < ", self.before.map(|before| signed(before.0))),
            (" and position > ", self.after.map(|after| signed(after.0))),
            (" and recorded_at_us >= ", self.from.map(Timestamp::micros)),
            (" and recorded_at_us < ", self.to.map(Timestamp::micros)),
        ];
        for (restriction, number) in numbers {
            if let Some(number) = number {
                query.push(restriction).push_bind(number);
            }
        }
        let ids = [
            (" and user_id = ", self.user_id.map(|id| id.0)),
            (" and session_id = ", self.session_id.map(|id| id.0)),
        ];
        for (restriction, id) in ids {
            if let Some(id) = id {
                query.push(restriction).push_bind(id);
            }
        }
        if self.without_holds {
            query.push(" and event_type not in ('user.hold_placed.v1', 'user.hold_lifted.v1')");
        }
        let beyond = |prefix: &String| format!("{prefix}\u{10ffff}");
        let texts = [
            (" and event_type >= ", self.type_prefix.clone()),
            (" and event_type < ", self.type_prefix.as_ref().map(beyond)),
            (" and actor = ", self.actor.map(|actor| actor.to_string())),
            // Neither an id nor what stands around it means anything in a pattern.
            (" and actor like ", self.service.map(|account| format!("service:{account}/%"))),
            (" and subject = ", self.subject.as_ref().map(ToString::to_string)),
            (" and correlation_id = ", self.correlation_id.clone()),
        ];
        for (restriction, text) in texts {
            if let Some(text) = text {
                query.push(restriction).push_bind(text);
            }
        }
    }
}
