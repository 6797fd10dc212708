//! What was taken away or given so lately that a token may still say otherwise. No table of its own: the answer lies
//! in the rows of users and sessions.

use crate::{
    ReadModels, ReadModelsError, Shown, UserStatus,
    columns::{self, shown},
    open::reading,
};
use events::{Position, RoleName, SessionId, Timestamp, UserId};
use sqlx::FromRow;
use std::{collections::BTreeSet, time::Duration};
use uuid::Uuid;

/// How far back changes are told. No access token lives for longer than an hour; a record tells the time at which its
/// command was first tried, and a command may be tried again for a day; clocks may differ by the rest.
const LATELY: Duration = Duration::from_secs(25 * 60 * 60 + 5 * 60);

/// What changed lately, counted from the newest record that was applied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Revocations {
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

const ENDED: &str = "
    select c.position as shown_at, s.* from checkpoint c left join (
        select 1 as there, session_id, user_id, ended_at_us from sessions
        where ended_at_us > (select newest_us from checkpoint) - $1
    ) s on true";

const CHANGED: &str = "
    select c.position as shown_at, u.* from checkpoint c left join (
        select 1 as there, user_id, access_changed_at_us, status, roles, revoked_before, revoked_except from users
        where access_changed_at_us > (select newest_us from checkpoint) - $1
    ) u on true";

impl ReadModels {
    /// What changed lately. The position is the older one of two snapshots: going on from there tells nothing too
    /// little, and what is told twice is the same.
    pub async fn revocations(&self) -> Result<Shown<Revocations>, ReadModelsError> {
        let lately = i64::try_from(LATELY.as_micros()).unwrap_or(i64::MAX);
        let sessions = reading!(self, |pool| {
            shown::<EndedColumns, EndedSession, _>(&sqlx::query(ENDED).bind(lately).fetch_all(pool).await?)
        })?;
        let people = reading!(self, |pool| {
            shown::<ChangedColumns, ChangedPerson, _>(
                &sqlx::query(CHANGED).bind(lately).fetch_all(pool).await?,
            )
        })?;
        let position = sessions.position.min(people.position);
        Ok(Shown { position, value: Revocations { sessions: sessions.value, people: people.value } })
    }
}

#[derive(Debug, FromRow)]
struct EndedColumns {
    session_id: Uuid,
    user_id: Uuid,
    ended_at_us: i64,
}

impl TryFrom<EndedColumns> for EndedSession {
    type Error = ReadModelsError;

    fn try_from(row: EndedColumns) -> Result<Self, ReadModelsError> {
        Ok(Self {
            session_id: SessionId(row.session_id),
            user_id: UserId(row.user_id),
            ended_at: columns::time(row.ended_at_us),
        })
    }
}

#[derive(Debug, FromRow)]
struct ChangedColumns {
    user_id: Uuid,
    access_changed_at_us: i64,
    status: String,
    roles: String,
    revoked_before: Option<i64>,
    revoked_except: Option<Uuid>,
}

impl TryFrom<ChangedColumns> for ChangedPerson {
    type Error = ReadModelsError;

    fn try_from(row: ChangedColumns) -> Result<Self, ReadModelsError> {
        let before = row.revoked_before.map(|before| columns::position("users", before)).transpose()?;
        let except = row.revoked_except.map(SessionId);
        Ok(Self {
            user_id: UserId(row.user_id),
            changed_at: columns::time(row.access_changed_at_us),
            status: UserStatus::from_text(&row.status)
                .ok_or_else(|| columns::corrupt("users", &row.status))?,
            roles: columns::list("users", &row.roles)?,
            revoked: before.map(|before| RevokedSessions { before, except }),
        })
    }
}
