//! The flip on SQLite: the live file takes over the rows of the other one, in one transaction.
//!
//! Files that are open cannot change places under their readers; rows can. A reader sees the one snapshot or the other.

use super::{FlipError, compare};
use crate::{
    ReadModelsError,
    checkpoint::Checkpoint,
    digest::TABLES,
    open::Place,
    sqlite::{Sqlite, remove},
};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use std::{fs, path::Path};

const ATTACH: &str = "attach database $1 as other";
const DETACH: &str = "detach database other";
const SAVE: &str = "vacuum main into $1";
const LIVE: &str = "select log_id, position from main.checkpoint";
const OTHER: &str = "select log_id, position from other.checkpoint";

pub(super) async fn flip(live: &Sqlite, other: &Sqlite) -> Result<(), FlipError> {
    let mut connection = live.writer.acquire().await?;
    sqlx::query(ATTACH).bind(text(&other.path())).execute(&mut *connection).await?;
    let taken = save_and_take_over(&mut connection, live).await;
    sqlx::query(DETACH).execute(&mut *connection).await?;
    taken?;
    other.close().await;
    keep(live, other).map_err(|error| FlipError::Broken(error.into()))
}

async fn save_and_take_over(connection: &mut SqliteConnection, live: &Sqlite) -> Result<(), FlipError> {
    compare(checkpoint(connection, LIVE).await?, checkpoint(connection, OTHER).await?)?;
    let (_, unfinished) = live.previous();
    remove(&unfinished).map_err(ReadModelsError::from)?;
    sqlx::query(SAVE).bind(text(&unfinished)).execute(&mut *connection).await?;
    let mut tx = connection.begin_with("begin immediate").await?;
    compare(checkpoint(&mut tx, LIVE).await?, checkpoint(&mut tx, OTHER).await?)?;
    for table in TABLES.iter().map(|(table, _)| *table).chain(["checkpoint"]) {
        take_over(&mut tx, table).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn checkpoint(
    connection: &mut SqliteConnection,
    statement: &'static str,
) -> Result<Checkpoint, ReadModelsError> {
    Checkpoint::from_row(sqlx::query_as(statement).fetch_one(connection).await?)
}

/// Both files were made by the same migrations, so the columns are in the same order.
async fn take_over(connection: &mut SqliteConnection, table: &str) -> Result<(), FlipError> {
    let empty = AssertSqlSafe(format!("delete from main.{table}"));
    sqlx::query(empty).execute(&mut *connection).await?;
    let fill = AssertSqlSafe(format!("insert into main.{table} select * from other.{table}"));
    sqlx::query(fill).execute(connection).await?;
    Ok(())
}

/// What was live becomes the previous tables; the file whose rows were taken over has done its service.
fn keep(live: &Sqlite, other: &Sqlite) -> std::io::Result<()> {
    let (previous, unfinished) = live.previous();
    remove(&previous)?;
    fs::rename(unfinished, previous)?;
    match other.place {
        Place::Next => remove(&other.path()),
        Place::Live | Place::Previous => Ok(()),
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
