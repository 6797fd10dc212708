//! What reactors keep: how far each has taken note of the log, and the errands that it still has to run.
//!
//! None of it is a fold, so a rebuild or a flip leaves it alone. An errand is noted in the transaction that moves the
//! reactor on, and gone when it was run: so it is run at least once, however often somebody is cut off in between.

mod errands;

pub use errands::{Errand, ErrandCounts};

use crate::{
    ApplyError, ReadModels, ReadModelsError,
    checkpoint::Checkpoint,
    columns::signed,
    open::reading,
    transaction::{Tx, within},
};
use events::{LogId, Position, Timestamp};
use uuid::Uuid;

const FIND: &str = "select log_id, position from reactors where name = $1";
const BEGIN: &str =
    "insert into reactors (name, log_id, position) values ($1, $2, $3) on conflict (name) do nothing";

/// Whoever comes second finds no row at `$3` any more.
const ADVANCE: &str = "update reactors set position = $4 where name = $1 and log_id = $2 and position = $3";

impl ReadModels {
    /// Up to where a reactor has taken note of the log. A new one begins at `head`: it does nothing about history.
    pub async fn reactor(
        &self,
        name: &str,
        log: LogId,
        head: Position,
    ) -> Result<Checkpoint, ReadModelsError> {
        if let Some(found) = self.find_reactor(name).await? {
            return Ok(found);
        }
        let mut tx = Tx::begin(self).await?;
        within!(&mut tx, |connection| {
            let query = sqlx::query(BEGIN).bind(name).bind(log.0).bind(signed(head.0));
            query.execute(connection).await?;
        });
        tx.commit().await?;
        // Another process may have been faster; what is there now holds.
        let unset = Checkpoint { log: Some(log), position: head };
        Ok(self.find_reactor(name).await?.unwrap_or(unset))
    }

    async fn find_reactor(&self, name: &str) -> Result<Option<Checkpoint>, ReadModelsError> {
        let row: Option<(Option<Uuid>, i64)> =
            reading!(self, |pool| sqlx::query_as(FIND).bind(name).fetch_optional(pool).await?);
        row.map(Checkpoint::from_row).transpose()
    }

    /// Moves a reactor from `from` to `to` and notes what it has to do for what lies between, all of it or nothing. The
    /// errands are due at once.
    ///
    /// # Errors
    /// [`ApplyError::Fenced`] when the reactor is not at `from`: another process has noted it.
    pub async fn note_errands(
        &self,
        name: &str,
        log: LogId,
        (from, to): (Position, Position),
        errands: &[Errand],
        now: Timestamp,
    ) -> Result<(), ApplyError> {
        let mut tx = Tx::begin(self).await?;
        let moved = within!(&mut tx, |connection| {
            let query = sqlx::query(ADVANCE).bind(name).bind(log.0);
            let query = query.bind(signed(from.0)).bind(signed(to.0));
            query.execute(connection).await.map_err(ReadModelsError::from)?.rows_affected()
        });
        if moved == 0 {
            return Err(ApplyError::Fenced);
        }
        errands::note(&mut tx, name, errands, now).await?;
        Ok(tx.commit().await?)
    }
}
