//! How far the tables are. The checkpoint is also the fence: who moves it first is the one who writes.

use crate::{
    ApplyError, ReadModels, ReadModelsError, columns,
    open::reading,
    transaction::{Tx, within},
};
use events::{LogId, Position, Timestamp};
use uuid::Uuid;

/// Up to where, and of which log, the tables are the fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checkpoint {
    /// The log; none while nothing was ever applied.
    pub log: Option<LogId>,
    /// The position of the last record that was applied.
    pub position: Position,
}

/// An answer, and the position that it reflects: both come from one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown<T> {
    /// The tables were the fold up to and with this position.
    pub position: Position,
    /// What they said.
    pub value: T,
}

const READ: &str = "select log_id, position from checkpoint";

/// Whoever comes second finds no row at `$1` any more, once the file is its to write.
const ADVANCE_SQLITE: &str = "
    update checkpoint
    set position = $2, log_id = $3, newest_us = case when newest_us < $4 then $4 else newest_us end
    where position = $1 and (log_id is null or log_id = $3)
    returning case when exists (select 1 from parked_streams) then 1 else 0 end";

/// Whoever comes second finds no row at `$1` any more, or finds it taken: either way it is fenced off at once, as
/// nothing is gained by waiting for the one who is faster.
const ADVANCE_POSTGRES: &str = "
    with free as (
        select position from checkpoint
        where position = $1 and (log_id is null or log_id = $3)
        for update skip locked)
    update checkpoint
    set position = $2, log_id = $3, newest_us = case when newest_us < $4 then $4 else newest_us end
    from free
    returning case when exists (select 1 from parked_streams) then 1 else 0 end";

/// Keeps everybody else from moving it until the transaction ends.
const HOLD: &str = "update checkpoint set position = position returning log_id, position";

impl ReadModels {
    /// How far the tables are.
    pub async fn checkpoint(&self) -> Result<Checkpoint, ReadModelsError> {
        let row =
            reading!(self, |pool| sqlx::query_as::<_, (Option<Uuid>, i64)>(READ).fetch_one(pool).await?);
        Checkpoint::from_row(row)
    }
}

impl Checkpoint {
    pub(crate) fn from_row((log, position): (Option<Uuid>, i64)) -> Result<Self, ReadModelsError> {
        Ok(Self { log: log.map(LogId), position: columns::position("checkpoint", position)? })
    }

    /// Takes the checkpoint for the rest of the transaction.
    pub(crate) async fn hold(tx: &mut Tx) -> Result<Self, ReadModelsError> {
        let row = within!(tx, |connection| sqlx::query_as::<_, (Option<Uuid>, i64)>(HOLD)
            .fetch_one(connection)
            .await?);
        Self::from_row(row)
    }
}

/// Moves the checkpoint; answers whether any stream is parked.
pub(crate) async fn advance(
    tx: &mut Tx,
    log: LogId,
    from: Position,
    to: Position,
    newest: Timestamp,
) -> Result<bool, ApplyError> {
    let (from, to) = (columns::signed(from.0), columns::signed(to.0));
    let advance = match tx {
        Tx::Sqlite(_) => ADVANCE_SQLITE,
        Tx::Postgres(_) => ADVANCE_POSTGRES,
    };
    let moved = within!(tx, |connection| sqlx::query_scalar::<_, i32>(advance)
        .bind(from)
        .bind(to)
        .bind(log.0)
        .bind(newest.micros())
        .fetch_optional(connection)
        .await
        .map_err(ReadModelsError::from)?);
    match moved {
        Some(parked) => Ok(parked != 0),
        None => Err(refusal(tx, log).await?),
    }
}

async fn refusal(tx: &mut Tx, log: LogId) -> Result<ApplyError, ReadModelsError> {
    let row = within!(tx, |connection| sqlx::query_as::<_, (Option<Uuid>, i64)>(READ)
        .fetch_one(connection)
        .await?);
    match Checkpoint::from_row(row)?.log {
        Some(shown) if shown != log => Ok(ApplyError::OtherLog { shown }),
        Some(_) | None => Ok(ApplyError::Fenced),
    }
}
