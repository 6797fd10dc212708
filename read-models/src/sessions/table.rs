//! How sessions are kept: their rows of one batch, loaded, folded, written back at once.

use super::{Ending, SessionRow, endings};
use crate::{
    Happened, ReadModelsError, Unfoldable,
    columns::{self, hex_ids, signed},
    insert::{Values, Write, insert, write},
    transaction::Tx,
};
use events::{Month, Position, SessionId, UserId};
use sqlx::FromRow;
use std::collections::HashMap;
use uuid::Uuid;

const TABLE: &str = "sessions";

const LOAD_POSTGRES: &str = "
    select session_id, user_id, started_at_us, started_position, refreshed_at_us, expires_at_us, ended_at_us,
        ended_position, ip, user_agent
    from sessions where session_id = any($1)";

const LOAD_SQLITE: &str = "
    select session_id, user_id, started_at_us, started_position, refreshed_at_us, expires_at_us, ended_at_us,
        ended_position, ip, user_agent
    from sessions where session_id in (select unhex(value) from json_each($1))";

/// The sessions that an ending from position `$2` on can change. Those of erased people (`$3`) all lose their network.
const LOAD_OWNED_POSTGRES: &str = "
    select session_id, user_id, started_at_us, started_position, refreshed_at_us, expires_at_us, ended_at_us,
        ended_position, ip, user_agent
    from sessions
    where user_id = any($1) and (ended_position is null or ended_position > $2 or user_id = any($3))";

const LOAD_OWNED_SQLITE: &str = "
    select session_id, user_id, started_at_us, started_position, refreshed_at_us, expires_at_us, ended_at_us,
        ended_position, ip, user_agent
    from sessions
    where user_id in (select unhex(value) from json_each($1))
        and (ended_position is null or ended_position > $2
            or user_id in (select unhex(value) from json_each($3)))";

/// An end is never taken back: a refreshing is written without having looked whether there is one.
const WRITE: Write = write!(
    "insert into sessions (session_id, user_id, started_at_us, started_position, refreshed_at_us, expires_at_us,
        ended_at_us, ended_position, ip, user_agent)",
    "$1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
        $7::bigint[], $8::bigint[], $9::text[], $10::text[]",
    "on conflict (session_id) do update set
        started_at_us = excluded.started_at_us, started_position = excluded.started_position,
        refreshed_at_us = excluded.refreshed_at_us, expires_at_us = excluded.expires_at_us,
        ended_at_us = coalesce(excluded.ended_at_us, sessions.ended_at_us),
        ended_position = coalesce(excluded.ended_position, sessions.ended_position),
        ip = excluded.ip, user_agent = excluded.user_agent"
);

/// The network of a row is that of its last refreshing, so it was sealed under the key of that month.
const FORGET_NETWORK: &str = "
    update sessions set ip = null, user_agent = null where refreshed_at_us >= $1 and refreshed_at_us < $2";

async fn forget_networks(tx: &mut Tx, months: &[Month]) -> Result<(), ReadModelsError> {
    for month in months {
        let (start, end) = (month.start().micros(), month.end().micros());
        match tx {
            Tx::Sqlite(sqlite) => {
                sqlx::query(FORGET_NETWORK).bind(start).bind(end).execute(&mut **sqlite).await?;
            }
            Tx::Postgres(postgres) => {
                sqlx::query(FORGET_NETWORK).bind(start).bind(end).execute(&mut **postgres).await?;
            }
        }
    }
    Ok(())
}

/// A row as it stands in the table.
#[derive(Debug, FromRow)]
pub(super) struct Columns {
    session_id: Uuid,
    user_id: Uuid,
    started_at_us: i64,
    started_position: i64,
    refreshed_at_us: i64,
    expires_at_us: i64,
    ended_at_us: Option<i64>,
    ended_position: Option<i64>,
    ip: Option<String>,
    user_agent: Option<String>,
}

/// What of the sessions a batch touches.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// Sessions of which the batch holds less than all there is to say.
    pub(crate) sessions: Vec<Uuid>,
    /// Whose sessions the batch holds facts about, or ends together.
    pub(crate) owners: Vec<Uuid>,
    /// What ends together.
    pub(crate) endings: Vec<Ending>,
}

/// The sessions of one batch, and what ends sessions together.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    rows: HashMap<SessionId, Option<SessionRow>>,
    endings: HashMap<UserId, Vec<Ending>>,
    new_endings: Vec<Ending>,
    /// Months whose network facts ended.
    months: Vec<Month>,
}

impl Sessions {
    pub(crate) async fn load(tx: &mut Tx, touched: &Touched) -> Result<Self, ReadModelsError> {
        let mut sessions = Self::default();
        for ending in endings::load(tx, &touched.owners).await? {
            sessions.endings.entry(ending.user_id).or_default().push(ending);
        }
        let mut found = load(tx, &touched.sessions).await?;
        found.extend(load_owned(tx, &touched.endings).await?);
        for row in found {
            let row = SessionRow::try_from(row)?;
            sessions.rows.insert(row.session_id, Some(row));
        }
        Ok(sessions)
    }

    pub(crate) fn apply(&mut self, id: SessionId, happened: &Happened<'_>) -> Result<(), Unfoldable> {
        SessionRow::apply(self.rows.entry(id).or_default(), id, happened)
    }

    pub(crate) fn end(&mut self, ending: Ending) {
        self.endings.entry(ending.user_id).or_default().push(ending);
        self.new_endings.push(ending);
    }

    /// Forgets from where all came that were last seen in a month.
    pub(crate) fn end_network(&mut self, month: Month) {
        self.months.push(month);
    }

    /// Writes every row back, each touched by all that ended its owner's sessions together.
    pub(crate) async fn write(self, tx: &mut Tx) -> Result<(), ReadModelsError> {
        endings::write(tx, &self.new_endings).await?;
        let rows = self.rows.into_values().flatten().map(|mut row| {
            let endings = self.endings.get(&row.user_id).into_iter().flatten();
            endings.for_each(|ending| ending.touch(&mut row));
            Columns::from(row)
        });
        let mut rows: Vec<Columns> = rows.collect();
        rows.sort_unstable_by_key(|row| row.session_id);
        write(tx, &rows).await?;
        forget_networks(tx, &self.months).await
    }
}

async fn load(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<Columns>, ReadModelsError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(match tx {
        Tx::Sqlite(sqlite) => {
            sqlx::query_as(LOAD_SQLITE).bind(hex_ids(ids)?).fetch_all(&mut **sqlite).await?
        }
        Tx::Postgres(postgres) => sqlx::query_as(LOAD_POSTGRES).bind(ids).fetch_all(&mut **postgres).await?,
    })
}

async fn load_owned(tx: &mut Tx, endings: &[Ending]) -> Result<Vec<Columns>, ReadModelsError> {
    let Some(first) = endings.iter().map(|ending| ending.position).min() else { return Ok(Vec::new()) };
    let first = signed(first.0);
    let owners: Vec<Uuid> = endings.iter().map(|ending| ending.user_id.0).collect();
    let erased = endings.iter().filter(|ending| ending.erased).map(|ending| ending.user_id.0);
    let erased: Vec<Uuid> = erased.collect();
    Ok(match tx {
        Tx::Sqlite(sqlite) => {
            let query = sqlx::query_as(LOAD_OWNED_SQLITE).bind(hex_ids(&owners)?).bind(first);
            query.bind(hex_ids(&erased)?).fetch_all(&mut **sqlite).await?
        }
        Tx::Postgres(postgres) => {
            let query = sqlx::query_as(LOAD_OWNED_POSTGRES).bind(&owners).bind(first);
            query.bind(&erased).fetch_all(&mut **postgres).await?
        }
    })
}

async fn write(tx: &mut Tx, rows: &[Columns]) -> Result<(), ReadModelsError> {
    if rows.is_empty() {
        return Ok(());
    }
    match tx {
        Tx::Sqlite(sqlite) => {
            insert(sqlite, &WRITE, rows, Columns::push).await?;
        }
        Tx::Postgres(postgres) => {
            macro_rules! column {
                ($field:ident) => {
                    rows.iter().map(|row| &row.$field).collect::<Vec<_>>()
                };
            }
            sqlx::query(WRITE.postgres)
                .bind(column!(session_id))
                .bind(column!(user_id))
                .bind(column!(started_at_us))
                .bind(column!(started_position))
                .bind(column!(refreshed_at_us))
                .bind(column!(expires_at_us))
                .bind(column!(ended_at_us))
                .bind(column!(ended_position))
                .bind(column!(ip))
                .bind(column!(user_agent))
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
            .push_bind(row.session_id)
            .push_bind(row.user_id)
            .push_bind(row.started_at_us)
            .push_bind(row.started_position)
            .push_bind(row.refreshed_at_us)
            .push_bind(row.expires_at_us)
            .push_bind(row.ended_at_us)
            .push_bind(row.ended_position)
            .push_bind(&row.ip)
            .push_bind(&row.user_agent);
    }
}

impl From<SessionRow> for Columns {
    fn from(row: SessionRow) -> Self {
        Self {
            session_id: row.session_id.0,
            user_id: row.user_id.0,
            started_at_us: row.started_at.micros(),
            started_position: signed(row.started_position.0),
            refreshed_at_us: row.refreshed_at.micros(),
            expires_at_us: row.expires_at.micros(),
            ended_at_us: row.ended_at.map(|at| at.micros()),
            ended_position: row.ended_position.map(|Position(position)| signed(position)),
            ip: row.ip,
            user_agent: row.user_agent,
        }
    }
}

impl TryFrom<Columns> for SessionRow {
    type Error = ReadModelsError;

    fn try_from(row: Columns) -> Result<Self, ReadModelsError> {
        let ended_position = row.ended_position.map(|position| columns::position(TABLE, position));
        Ok(Self {
            session_id: SessionId(row.session_id),
            user_id: UserId(row.user_id),
            started_at: columns::time(row.started_at_us),
            started_position: columns::position(TABLE, row.started_position)?,
            refreshed_at: columns::time(row.refreshed_at_us),
            expires_at: columns::time(row.expires_at_us),
            ended_at: row.ended_at_us.map(columns::time),
            ended_position: ended_position.transpose()?,
            ip: row.ip,
            user_agent: row.user_agent,
        })
    }
}
