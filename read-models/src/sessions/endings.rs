//! Moments when sessions of one person end together. They are facts about a person, on another stream than the
//! sessions; they are kept, so that a session's row is the same in whatever order the two streams are folded.

use super::SessionRow;
use crate::{
    Happened, ReadModelsError,
    columns::{self, hex_ids, signed},
    insert::{Values, Write, insert, write},
    transaction::Tx,
};
use events::{Fact, Position, SessionId, Timestamp, UserId};
use sqlx::FromRow;
use uuid::Uuid;

const LOAD_POSTGRES: &str = "
    select position, user_id, at_us, except_session_id, erased from session_endings where user_id = any($1)";

const LOAD_SQLITE: &str = "
    select position, user_id, at_us, except_session_id, erased from session_endings
    where user_id in (select unhex(value) from json_each($1))";

const WRITE: Write = write!(
    "insert into session_endings (position, user_id, at_us, except_session_id, erased)",
    "$1::bigint[], $2::uuid[], $3::bigint[], $4::uuid[], $5::boolean[]",
    ""
);

/// All sessions of a person that started before a position end, but for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) position: Position,
    pub(crate) user_id: UserId,
    at: Timestamp,
    except: Option<SessionId>,
    /// Whether the person was erased: then it is also forgotten from where they came.
    pub(crate) erased: bool,
}

impl Ending {
    /// What this fact about a person ends, if anything.
    pub(crate) fn of(user_id: UserId, happened: &Happened<'_>) -> Option<Self> {
        let (except, erased) = match happened.fact {
            Fact::SessionsRevoked(fact) => (fact.except, false),
            Fact::UserDeleted => (None, false),
            Fact::UserErased => (None, true),
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
            | Fact::TotpEnrolled(_)
            | Fact::TotpConfirmed(_)
            | Fact::RecoveryCodesIssued(_)
            | Fact::SecondFactorRemoved
            | Fact::SecondFactorUsed(_)
            | Fact::SessionReauthenticated(_)
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
            | Fact::SessionStarted(_)
            | Fact::SessionRefreshed(_)
            | Fact::SessionRevoked(_)
            | Fact::SessionReplayDetected(_)
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
            | Fact::KeyUsed(_) => return None,
        };
        Some(Self { position: happened.position, user_id, at: happened.at, except, erased })
    }

    /// What this does to a session of the person.
    pub(crate) fn touch(&self, session: &mut SessionRow) {
        if session.started_position < self.position && self.except != Some(session.session_id) {
            session.end(self.position, self.at);
        }
        if self.erased {
            session.ip = None;
            session.user_agent = None;
        }
    }
}

/// A row as it stands in the table.
#[derive(Debug, FromRow)]
struct Columns {
    position: i64,
    user_id: Uuid,
    at_us: i64,
    except_session_id: Option<Uuid>,
    erased: bool,
}

/// All endings of these people.
pub(super) async fn load(tx: &mut Tx, people: &[Uuid]) -> Result<Vec<Ending>, ReadModelsError> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<Columns> = match tx {
        Tx::Sqlite(sqlite) => {
            sqlx::query_as(LOAD_SQLITE).bind(hex_ids(people)?).fetch_all(&mut **sqlite).await?
        }
        Tx::Postgres(postgres) => {
            sqlx::query_as(LOAD_POSTGRES).bind(people).fetch_all(&mut **postgres).await?
        }
    };
    found.into_iter().map(Ending::try_from).collect()
}

pub(super) async fn write(tx: &mut Tx, endings: &[Ending]) -> Result<(), ReadModelsError> {
    if endings.is_empty() {
        return Ok(());
    }
    let rows: Vec<Columns> = endings.iter().map(Columns::from).collect();
    match tx {
        Tx::Sqlite(sqlite) => {
            insert(sqlite, &WRITE, &rows, Columns::push).await?;
        }
        Tx::Postgres(postgres) => {
            sqlx::query(WRITE.postgres)
                .bind(rows.iter().map(|row| row.position).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.user_id).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.at_us).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.except_session_id).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.erased).collect::<Vec<_>>())
                .execute(&mut **postgres)
                .await?;
        }
    }
    Ok(())
}

impl Columns {
    /// In the order of the statement.
    fn push(values: &mut Values<'_>, row: &Self) {
        values
            .push_bind(row.position)
            .push_bind(row.user_id)
            .push_bind(row.at_us)
            .push_bind(row.except_session_id)
            .push_bind(row.erased);
    }
}

impl From<&Ending> for Columns {
    fn from(ending: &Ending) -> Self {
        Self {
            position: signed(ending.position.0),
            user_id: ending.user_id.0,
            at_us: ending.at.micros(),
            except_session_id: ending.except.map(|id| id.0),
            erased: ending.erased,
        }
    }
}

impl TryFrom<Columns> for Ending {
    type Error = ReadModelsError;

    fn try_from(row: Columns) -> Result<Self, ReadModelsError> {
        Ok(Self {
            position: columns::position("session_endings", row.position)?,
            user_id: UserId(row.user_id),
            at: columns::time(row.at_us),
            except: row.except_session_id.map(SessionId),
            erased: row.erased,
        })
    }
}
