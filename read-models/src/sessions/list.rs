//! Questions about sessions: one of them, or a person's, page by page.

use super::{SessionRow, table::Columns};
use crate::{
    ReadModels, ReadModelsError, Shown,
    columns::{shown, signed},
    open::reading,
};
use events::{Position, SessionId, Timestamp, UserId};
use sqlx::QueryBuilder;

/// Sessions that are neither over nor idle for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Living {
    /// At this moment.
    pub at: Timestamp,
    /// Refreshed, or started, after this one.
    pub seen_after: Timestamp,
}

const SHOWN: &str = "
    select c.position as shown_at, s.* from checkpoint c left join (
        select 1 as there, session_id, user_id, started_at_us, started_position, refreshed_at_us, expires_at_us,
            ended_at_us, ended_position, ip, user_agent
        from sessions where ";

const SHOWN_END: &str = ") s on true";
const NEWEST_FIRST: &str = " order by started_position desc";

impl ReadModels {
    /// One session.
    pub async fn session(&self, id: SessionId) -> Result<Shown<Option<SessionRow>>, ReadModelsError> {
        let found = reading!(self, |pool| {
            let mut query = QueryBuilder::new(SHOWN);
            query.push("session_id = ").push_bind(id.0).push(SHOWN_END);
            shown::<Columns, SessionRow, _>(&query.build().fetch_all(pool).await?)
        })?;
        Ok(found.only())
    }

    /// A person's sessions, the newest first, beginning with those that started before position `before`. With
    /// `living` only those that do.
    pub async fn sessions_of(
        &self,
        user: UserId,
        living: Option<Living>,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Shown<Vec<SessionRow>>, ReadModelsError> {
        reading!(self, |pool| {
            let mut query = QueryBuilder::new(SHOWN);
            query.push("user_id = ").push_bind(user.0);
            if let Some(living) = living {
                query.push(" and ended_at_us is null and expires_at_us > ").push_bind(living.at.micros());
                query.push(" and refreshed_at_us > ").push_bind(living.seen_after.micros());
            }
            if let Some(before) = before {
                query.push(" and started_position < ").push_bind(signed(before.0));
            }
            query.push(NEWEST_FIRST).push(" limit ").push_bind(signed(limit as u64));
            query.push(SHOWN_END).push(NEWEST_FIRST);
            shown::<Columns, SessionRow, _>(&query.build().fetch_all(pool).await?)
        })
    }
}
