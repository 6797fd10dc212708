//! How the list is kept: the rows of one batch, written at once. None of them is ever loaded or changed.

use super::AuditRow;
use crate::{
    Projected, ReadModelsError,
    columns::{self, signed},
    insert::{Values, Write, insert, write},
    transaction::{Tx, within},
};
use events::{EventId, SessionId, UserId};
use sqlx::FromRow;
use uuid::Uuid;

const TABLE: &str = "audit_events";

const WRITE: Write = write!(
    "insert into audit_events (position, event_id, event_type, recorded_at_us, actor, subject, user_id, session_id,
        correlation_id)",
    "$1::bigint[], $2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::uuid[],
        $8::uuid[], $9::text[]",
    ""
);

const STRIKE: &str = "delete from audit_events where position = $1";

/// A row as it stands in the table.
#[derive(Debug, FromRow)]
pub(super) struct Columns {
    position: i64,
    event_id: Uuid,
    event_type: String,
    recorded_at_us: i64,
    actor: String,
    subject: String,
    user_id: Option<Uuid>,
    session_id: Option<Uuid>,
    correlation_id: String,
}

/// The list's rows of one batch.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    rows: Vec<Columns>,
}

impl Audit {
    pub(crate) fn list(&mut self, projected: &Projected) {
        self.rows.push(AuditRow::of(projected).into());
    }

    /// Makes room for rows that were written before, and that now may say more.
    pub(crate) async fn strike(tx: &mut Tx, events: &[Projected]) -> Result<(), ReadModelsError> {
        for projected in events {
            let position = signed(projected.position.0);
            within!(tx, |connection| {
                sqlx::query(STRIKE).bind(position).execute(connection).await?;
            });
        }
        Ok(())
    }

    pub(crate) async fn write(self, tx: &mut Tx) -> Result<(), ReadModelsError> {
        let rows = self.rows;
        match tx {
            Tx::Sqlite(sqlite) => {
                insert(sqlite, &WRITE, &rows, Columns::push).await?;
            }
            Tx::Postgres(postgres) => {
                macro_rules! column {
                    ($field:ident) => {
                        rows.iter().map(|row| &row.$field).collect::<Vec<_>>()
                    };
                }
                sqlx::query(WRITE.postgres)
                    .bind(column!(position))
                    .bind(column!(event_id))
                    .bind(column!(event_type))
                    .bind(column!(recorded_at_us))
                    .bind(column!(actor))
                    .bind(column!(subject))
                    .bind(column!(user_id))
                    .bind(column!(session_id))
                    .bind(column!(correlation_id))
                    .execute(&mut **postgres)
                    .await?;
            }
        }
        Ok(())
    }
}

impl Columns {
    /// In the order of the statement.
    fn push(values: &mut Values<'_>, row: &Self) {
        values
            .push_bind(row.position)
            .push_bind(row.event_id)
            .push_bind(&row.event_type)
            .push_bind(row.recorded_at_us)
            .push_bind(&row.actor)
            .push_bind(&row.subject)
            .push_bind(row.user_id)
            .push_bind(row.session_id)
            .push_bind(&row.correlation_id);
    }
}

impl From<AuditRow> for Columns {
    fn from(row: AuditRow) -> Self {
        Self {
            position: signed(row.position.0),
            event_id: row.event_id.0,
            event_type: row.event_type,
            recorded_at_us: row.recorded_at.micros(),
            actor: row.actor.to_string(),
            subject: row.subject.as_str().to_owned(),
            user_id: row.user_id.map(|id| id.0),
            session_id: row.session_id.map(|id| id.0),
            correlation_id: row.correlation_id,
        }
    }
}

impl TryFrom<Columns> for AuditRow {
    type Error = ReadModelsError;

    fn try_from(row: Columns) -> Result<Self, ReadModelsError> {
        Ok(Self {
            position: columns::position(TABLE, row.position)?,
            event_id: EventId(row.event_id),
            event_type: row.event_type,
            recorded_at: columns::time(row.recorded_at_us),
            actor: row.actor.parse().map_err(|_| columns::corrupt(TABLE, &row.actor))?,
            subject: row.subject.parse().map_err(|_| columns::corrupt(TABLE, &row.subject))?,
            user_id: row.user_id.map(UserId),
            session_id: row.session_id.map(SessionId),
            correlation_id: row.correlation_id,
        })
    }
}
