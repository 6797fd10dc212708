//! What the tables hold, in a few bytes: two that are the fold of the same log up to the same position are equal.

use crate::{ReadModels, ReadModelsError, checkpoint::Checkpoint, columns, open::Engine};
use aws_lc_rs::digest::{Context, SHA256};
use events::Position;
use futures_util::{Stream, TryStreamExt};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use std::pin::pin;

/// What every table holds at one position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// The position.
    pub position: Position,
    /// Each table, in a fixed order.
    pub tables: Vec<TableDigest>,
}

/// What one table holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDigest {
    /// The table's name.
    pub table: &'static str,
    /// How many rows it has.
    pub rows: u64,
    /// A hash of its rows in the order of their keys, block by block, with the last key of each block.
    pub blocks: Vec<(String, [u8; 32])>,
}

/// Where two digests differ first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: &'static str,
    /// Up to and with this key the tables are alike; none: they may differ from the first key on.
    pub after: Option<String>,
    /// The first row that differs has this key or one before it.
    pub up_to: String,
}

/// Every table that is a fold, and its key.
pub(crate) const TABLES: [(&str, &str); 8] = [
    ("users", "user_id"),
    ("sessions", "session_id"),
    ("session_endings", "position"),
    ("roles", "name"),
    ("service_accounts", "account_id"),
    ("key_uses", "key_id"),
    ("audit_events", "position"),
    ("parked_streams", "stream"),
];

/// The names of all of them and of the checkpoint, which comes first: who applies a batch holds it until the end.
pub(crate) fn every_table() -> String {
    TABLES.iter().fold("checkpoint".to_owned(), |names, (table, _)| names + ", " + table)
}

/// How many rows a block has: what is said of a difference is as exact as this.
const BLOCK: u64 = 100;

const BEGIN_POSTGRES: &str = "begin isolation level repeatable read, read only";

const CHECKPOINT: &str = "select log_id, position from checkpoint";

/// All columns of a table as one text in which null, numbers, texts and bytes differ.
const ROW_SQLITE: &str = "
    select group_concat('quote(' || name || ')', ' || '','' || ') from pragma_table_info($1)";

type Line = (String, String);

impl ReadModels {
    /// What the tables hold, from one snapshot. Nobody waits for it.
    pub async fn digest(&self) -> Result<Digest, ReadModelsError> {
        match &self.engine {
            Engine::Sqlite(sqlite) => of_sqlite(&mut *sqlite.readers.acquire().await?).await,
            Engine::Postgres(postgres) => of_postgres(&mut *postgres.readers.acquire().await?).await,
        }
    }
}

async fn of_sqlite(connection: &mut SqliteConnection) -> Result<Digest, ReadModelsError> {
    let mut tx = connection.begin().await?;
    let position = Checkpoint::from_row(sqlx::query_as(CHECKPOINT).fetch_one(&mut *tx).await?)?.position;
    let mut tables = Vec::with_capacity(TABLES.len());
    for (table, key) in TABLES {
        let row: String = sqlx::query_scalar(ROW_SQLITE).bind(table).fetch_one(&mut *tx).await?;
        let lines = AssertSqlSafe(format!("select quote({key}), {row} from {table} order by {key}"));
        tables.push(digest(table, sqlx::query_as(lines).fetch(&mut *tx)).await?);
    }
    Ok(Digest { position, tables })
}

async fn of_postgres(connection: &mut PgConnection) -> Result<Digest, ReadModelsError> {
    let mut tx = connection.begin_with(BEGIN_POSTGRES).await?;
    // Before the snapshot, so that no flip comes between the tables.
    let hold = format!("lock table {} in access share mode", every_table());
    sqlx::query(AssertSqlSafe(hold)).execute(&mut *tx).await?;
    let position = Checkpoint::from_row(sqlx::query_as(CHECKPOINT).fetch_one(&mut *tx).await?)?.position;
    let mut tables = Vec::with_capacity(TABLES.len());
    for (table, key) in TABLES {
        let lines =
            AssertSqlSafe(format!("select {key}::text, {table}::text from {table} order by {table}.{key}"));
        tables.push(digest(table, sqlx::query_as(lines).fetch(&mut *tx)).await?);
    }
    Ok(Digest { position, tables })
}

async fn digest(
    table: &'static str,
    lines: impl Stream<Item = Result<Line, sqlx::Error>>,
) -> Result<TableDigest, ReadModelsError> {
    let mut lines = pin!(lines);
    let (mut rows, mut blocks) = (0, Vec::new());
    let mut block = Block::default();
    while let Some((key, row)) = lines.try_next().await? {
        rows += 1;
        block.add(key, &row);
        if rows % BLOCK == 0 {
            blocks.extend(std::mem::take(&mut block).finish());
        }
    }
    blocks.extend(block.finish());
    Ok(TableDigest { table, rows, blocks })
}

#[derive(Default)]
struct Block {
    hash: Option<Context>,
    last: String,
}

impl Block {
    fn add(&mut self, key: String, row: &str) {
        let hash = self.hash.get_or_insert_with(|| Context::new(&SHA256));
        // With its length before it no row can pass for the end of one and the beginning of another.
        hash.update(&columns::signed(row.len() as u64).to_be_bytes());
        hash.update(row.as_bytes());
        self.last = key;
    }

    fn finish(self) -> Option<(String, [u8; 32])> {
        let hash = self.hash?.finish();
        Some((self.last, hash.as_ref().try_into().ok()?))
    }
}

impl Digest {
    /// Where the tables differ first; none when they are alike. The positions are not compared.
    #[must_use]
    pub fn difference(&self, other: &Digest) -> Option<Difference> {
        self.tables.iter().zip(&other.tables).find_map(|(ours, theirs)| ours.difference(theirs))
    }
}

impl TableDigest {
    fn difference(&self, other: &TableDigest) -> Option<Difference> {
        let longest = self.blocks.len().max(other.blocks.len());
        let at = (0..longest).find(|&at| self.blocks.get(at) != other.blocks.get(at))?;
        let key = |blocks: &[(String, [u8; 32])]| blocks.get(at).map(|(key, _)| key.clone());
        let after = at.checked_sub(1).and_then(|at| self.blocks.get(at)).map(|(key, _)| key.clone());
        let up_to = key(&self.blocks).or_else(|| key(&other.blocks))?;
        Some(Difference { table: self.table, after, up_to })
    }
}
