//! The flip on PostgreSQL: schemas change their names, in one transaction.
//!
//! Renaming a schema waits for nobody, so a statement that looks up two tables could find one of each. Therefore every
//! live table is locked first. A reader that has found one of them finds all of them, and the flip waits for it; one
//! that has found none waits for the flip and then finds the new ones. Should both wait for each other, the flip gives
//! way long before PostgreSQL would look for a deadlock, and tries again.

use super::{FlipError, compare};
use crate::{
    checkpoint::Checkpoint,
    digest::every_table,
    open::Place,
    postgres::{Postgres, schema},
};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};

/// Far below `deadlock_timeout` (1 s); new readers wait for no longer than this behind a flip that waits.
const PATIENCE: &str = "set local lock_timeout = '100ms'";
const ATTEMPTS: usize = 100;

/// `lock_not_available`.
const LOCK_TIMEOUT: &str = "55P03";

const LIVE: &str = "select log_id, position from checkpoint";

/// Where `other` stands while its name is taken by what was live.
const ASIDE: &str = "evident_read_aside";

/// Tables that were just filled would be searched by plans for empty ones.
pub(super) async fn analyze(tables: &Postgres) -> Result<(), crate::ReadModelsError> {
    sqlx::query(AssertSqlSafe(format!("analyze {}", every_table()))).execute(&tables.writer).await?;
    Ok(())
}

pub(super) async fn flip(live: &Postgres, other: &Postgres) -> Result<(), FlipError> {
    for _ in 0..ATTEMPTS {
        match attempt(&live.writer, other.place).await {
            Err(FlipError::Broken(error)) if is_lock_timeout(&error) => {}
            Ok(()) => {
                other.close().await;
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    Err(FlipError::Busy)
}

async fn attempt(live: &PgPool, other: Place) -> Result<(), FlipError> {
    let other = schema(other);
    let mut tx = live.begin().await?;
    sqlx::query(PATIENCE).execute(&mut *tx).await?;
    run(&mut tx, format!("lock table {} in access exclusive mode", every_table())).await?;
    // Nobody else knows the other tables; this keeps a stray projector from moving them under the flip.
    run(&mut tx, format!("lock table {other}.checkpoint in access exclusive mode")).await?;
    let ours = Checkpoint::from_row(sqlx::query_as(LIVE).fetch_one(&mut *tx).await?)?;
    let theirs = AssertSqlSafe(format!("select log_id, position from {other}.checkpoint"));
    let theirs = Checkpoint::from_row(sqlx::query_as(theirs).fetch_one(&mut *tx).await?)?;
    compare(ours, theirs)?;
    run(&mut tx, format!("alter schema {other} rename to {ASIDE}")).await?;
    run(&mut tx, format!("drop schema if exists {} cascade", schema(Place::Previous))).await?;
    run(&mut tx, format!("alter schema {} rename to {}", schema(Place::Live), schema(Place::Previous)))
        .await?;
    run(&mut tx, format!("alter schema {ASIDE} rename to {}", schema(Place::Live))).await?;
    tx.commit().await?;
    Ok(())
}

/// Runs a statement made of our own names only.
async fn run(connection: &mut PgConnection, statement: String) -> Result<(), FlipError> {
    sqlx::query(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}

fn is_lock_timeout(error: &crate::ReadModelsError) -> bool {
    matches!(error, crate::ReadModelsError::Database(sqlx::Error::Database(error))
        if error.code().as_deref() == Some(LOCK_TIMEOUT))
}
