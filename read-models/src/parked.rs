//! Streams that hold an event which cannot be read or folded. They wait, in sight, and stop nobody else.

use crate::{
    ApplyError, Projected, ReadModels, ReadModelsError, Shown,
    apply::Batch,
    checkpoint::Checkpoint,
    columns::{self, json, shown, signed},
    open::reading,
    transaction::{Tx, within},
};
use events::{Position, StreamName, Version};
use sqlx::FromRow;
use std::collections::HashMap;

/// One stream that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedStream {
    /// The stream.
    pub stream: StreamName,
    /// The position of the event that parked it.
    pub position: Position,
    /// The version of that event.
    pub version: Version,
    /// Its type.
    pub event_type: String,
    /// Why it could not be applied.
    pub reason: String,
    /// How many events of the stream wait, that one included.
    pub waiting: u64,
}

/// What came of a retry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retried {
    /// The stream goes on as if it had never been parked.
    Resumed,
    /// An event still cannot be applied. Those before it were.
    StillParked(ParkedStream),
    /// The stream is not parked.
    NotParked,
}

const TABLE: &str = "parked_streams";

/// Long enough to see what is wrong, short enough not to be a copy of the data.
const REASON_CHARACTERS: usize = 200;

const SHOWN: &str = "
    select c.position as shown_at, p.* from checkpoint c left join (
        select 1 as there, stream, position, version, event_type, reason, waiting
        from parked_streams order by position limit 1000
    ) p on true
    order by p.position";

const ONE: &str = "
    select c.position as shown_at, p.* from checkpoint c left join (
        select 1 as there, stream, position, version, event_type, reason, waiting
        from parked_streams where stream = $1
    ) p on true";

const NAMES: &str = "
    select c.position as shown_at, p.* from checkpoint c
    left join (select 1 as there, stream from parked_streams) p on true";

const COUNT: &str = "select c.position, (select count(*) from parked_streams) from checkpoint c";

const LOAD_POSTGRES: &str = "
    select stream, position, version, event_type, reason, waiting from parked_streams where stream = any($1)";

const LOAD_SQLITE: &str = "
    select stream, position, version, event_type, reason, waiting from parked_streams
    where stream in (select value from json_each($1))";

const WRITE: &str = "
    insert into parked_streams (stream, position, version, event_type, reason, waiting)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (stream) do update set waiting = excluded.waiting";

const REMOVE: &str = "delete from parked_streams where stream = $1";

impl ReadModels {
    /// All streams that wait, in the order of the events that parked them; at most 1,000.
    pub async fn parked(&self) -> Result<Shown<Vec<ParkedStream>>, ReadModelsError> {
        reading!(self, |pool| shown::<Columns, ParkedStream, _>(&sqlx::query(SHOWN).fetch_all(pool).await?))
    }

    /// How many streams wait.
    pub async fn parked_count(&self) -> Result<Shown<u64>, ReadModelsError> {
        let (at, count): (i64, i64) = reading!(self, |pool| sqlx::query_as(COUNT).fetch_one(pool).await?);
        Ok(Shown { position: columns::position("checkpoint", at)?, value: columns::unsigned(TABLE, count)? })
    }

    /// One stream, if it waits.
    pub async fn parked_stream(&self, stream: &StreamName) -> Result<Option<ParkedStream>, ReadModelsError> {
        let name = stream.as_str();
        let found = reading!(self, |pool| shown::<Columns, ParkedStream, _>(
            &sqlx::query(ONE).bind(name).fetch_all(pool).await?
        ))?;
        Ok(found.only().value)
    }

    /// The names of all streams that wait, however many: for whoever must know of each.
    pub async fn parked_streams(&self) -> Result<Shown<Vec<StreamName>>, ReadModelsError> {
        reading!(self, |pool| shown::<Name, StreamName, _>(&sqlx::query(NAMES).fetch_all(pool).await?))
    }

    /// Applies what waits of one stream. `events` MUST be all records of the stream from the parked version on, as
    /// the log has them now; those behind the checkpoint are left for [`ReadModels::apply`].
    ///
    /// # Errors
    /// [`ApplyError::Fenced`] when an event that waits is not among `events`: read the stream again.
    pub async fn retry(&self, stream: &StreamName, events: &[Projected]) -> Result<Retried, ApplyError> {
        let mut tx = Tx::begin(self).await?;
        let checkpoint = Checkpoint::hold(&mut tx).await?;
        let Some(parked) = load(&mut tx, &[stream.as_str()]).await?.remove(stream) else {
            return Ok(Retried::NotParked);
        };
        let waits = |event: &&Projected| (parked.position..=checkpoint.position).contains(&event.position);
        let waiting: Vec<Projected> = events.iter().filter(waits).cloned().collect();
        if waiting.len() as u64 != parked.waiting {
            return Err(ApplyError::Fenced);
        }
        remove(&mut tx, stream).await?;
        let mut batch = Batch::load(&mut tx, &waiting, HashMap::new()).await?;
        batch.relist(&mut tx, &waiting).await?;
        waiting.iter().for_each(|projected| batch.take(projected));
        let still = batch.parked(stream).cloned();
        batch.write(&mut tx).await?;
        self.commit(tx, &waiting).await?;
        Ok(still.map_or(Retried::Resumed, Retried::StillParked))
    }
}

impl ParkedStream {
    /// Parks a stream because of this event.
    pub(crate) fn because(projected: &Projected, reason: &str) -> Self {
        let reason: String = reason.chars().take(REASON_CHARACTERS).collect();
        Self {
            stream: projected.record.stream.clone(),
            position: projected.position,
            version: projected.record.version,
            event_type: columns::text(&projected.record.event_type),
            reason: columns::text(&reason),
            waiting: 1,
        }
    }
}

/// Those of these streams that are parked.
pub(crate) async fn load(
    tx: &mut Tx,
    streams: &[&str],
) -> Result<HashMap<StreamName, ParkedStream>, ReadModelsError> {
    let found: Vec<Columns> = match tx {
        Tx::Sqlite(sqlite) => {
            sqlx::query_as(LOAD_SQLITE).bind(json(streams)?).fetch_all(&mut **sqlite).await?
        }
        Tx::Postgres(postgres) => {
            sqlx::query_as(LOAD_POSTGRES).bind(streams).fetch_all(&mut **postgres).await?
        }
    };
    let found = found.into_iter().map(|row| {
        let parked = ParkedStream::try_from(row)?;
        Ok((parked.stream.clone(), parked))
    });
    found.collect()
}

/// Writes streams that were parked or of which more waits now. They are few, or somebody gets up.
pub(crate) async fn write(tx: &mut Tx, streams: &[&ParkedStream]) -> Result<(), ReadModelsError> {
    for parked in streams {
        within!(tx, |connection| {
            sqlx::query(WRITE)
                .bind(parked.stream.as_str())
                .bind(signed(parked.position.0))
                .bind(signed(parked.version.0))
                .bind(&parked.event_type)
                .bind(&parked.reason)
                .bind(signed(parked.waiting))
                .execute(connection)
                .await?;
        });
    }
    Ok(())
}

async fn remove(tx: &mut Tx, stream: &StreamName) -> Result<(), ReadModelsError> {
    within!(tx, |connection| {
        sqlx::query(REMOVE).bind(stream.as_str()).execute(connection).await?;
    });
    Ok(())
}

/// A row as it stands in the table.
#[derive(Debug, FromRow)]
struct Columns {
    stream: String,
    position: i64,
    version: i64,
    event_type: String,
    reason: String,
    waiting: i64,
}

#[derive(Debug, FromRow)]
struct Name {
    stream: String,
}

impl TryFrom<Name> for StreamName {
    type Error = ReadModelsError;

    fn try_from(row: Name) -> Result<Self, ReadModelsError> {
        row.stream.parse().map_err(|_| columns::corrupt(TABLE, &row.stream))
    }
}

impl TryFrom<Columns> for ParkedStream {
    type Error = ReadModelsError;

    fn try_from(row: Columns) -> Result<Self, ReadModelsError> {
        Ok(Self {
            stream: row.stream.parse().map_err(|_| columns::corrupt(TABLE, &row.stream))?,
            position: columns::position(TABLE, row.position)?,
            version: columns::version(TABLE, row.version)?,
            event_type: row.event_type,
            reason: row.reason,
            waiting: columns::unsigned(TABLE, row.waiting)?,
        })
    }
}
