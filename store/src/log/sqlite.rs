//! SQLite: one file in WAL mode, one connection that writes, several that read.

use super::{
    LogError, MAX_STREAM_RECORDS,
    engine::{Row, from_sql, to_sql},
    group_commit::{Request, Verdict},
};
use events::{EventId, LogId, Position, StreamName, Version};
use serde_json::json;
use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{collections::HashMap, str::FromStr, time::Duration};
use uuid::Uuid;

/// How long another process's transaction on the file is waited for.
const BUSY: Duration = Duration::from_secs(5);
const READERS: u32 = 4;

const HAS_MIGRATIONS: &str = "select count(*) from sqlite_schema where name = 'log_migrations'";
const MIGRATED: &str = "select coalesce(max(version), 0) from log_migrations where success";
const LOG_ID: &str = "select log_id from log";
const READ_STREAM: &str =
    "select position, record from records where stream = $1 and version > $2 order by version limit $3";
const READ_LAST: &str =
    "select position, record from records where stream = $1 order by version desc limit 1";
const READ_ALL: &str = "select position, record from records where position > $1 order by position limit $2";
const READ_AT: &str = "
    select position, record from records where position in (select value from json_each($1)) order by position";
const HEAD: &str = "select coalesce(max(position), 0) from records";
const VERSIONS: &str = "
    select asked.value, (select max(version) from records where stream = asked.value) from json_each($1) as asked";
const PLACES: &str = "
    select id, stream, version, position from records where id in (select unhex(value) from json_each($1))";
/// One statement a batch: through sqlx the statement is the cost, not the row. The bytes of all records lie end to
/// end in one blob, and each row cuts its own out of it.
const INSERT: &str = "
    insert into records (position, stream, version, id, record)
    select row.value ->> 0, row.value ->> 1, row.value ->> 2, unhex(row.value ->> 3),
           substr($1, row.value ->> 4, row.value ->> 5)
    from json_each($2) as row";

/// The pool that reads.
#[derive(Debug, Clone)]
pub(super) struct Readers(SqlitePool);

/// The connection that writes.
#[derive(Debug)]
pub(super) struct Writer(SqliteConnection);

pub(super) async fn migrate(url: &str) -> Result<(), LogError> {
    let mut connection = options(url)?.create_if_missing(true).connect().await?;
    // `run` would make this future one that cannot be spawned (rust-lang/rust#100013).
    migrator().run_direct(None, &mut connection, false).await?;
    connection.close().await?;
    Ok(())
}

pub(super) async fn open(url: &str) -> Result<(LogId, Readers, Writer), LogError> {
    let options = options(url)?;
    let absent = !options.get_filename().exists();
    if absent {
        return Err(LogError::NotMigrated);
    }
    let mut connection = options.connect().await?;
    let kept: i64 = sqlx::query_scalar(HAS_MIGRATIONS).fetch_one(&mut connection).await?;
    if kept == 0 {
        return Err(LogError::NotMigrated);
    }
    let migrated: i64 = sqlx::query_scalar(MIGRATED).fetch_one(&mut connection).await?;
    if migrator().iter().any(|migration| migration.version > migrated) {
        return Err(LogError::NotMigrated);
    }
    let id: Uuid = sqlx::query_scalar(LOG_ID).fetch_one(&mut connection).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .test_before_acquire(false)
        .connect_lazy_with(options);
    Ok((LogId(id), Readers(readers), Writer(connection)))
}

fn migrator() -> Migrator {
    let mut migrator = sqlx::migrate!("../migrations/log/sqlite");
    migrator.dangerous_set_table_name("log_migrations");
    migrator
}

/// `full`: in WAL mode anything less acknowledges commits that a power cut takes back.
fn options(url: &str) -> Result<SqliteConnectOptions, sqlx::Error> {
    Ok(SqliteConnectOptions::from_str(url)?
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY))
}

impl Readers {
    pub(super) async fn stream(&self, stream: &StreamName, after: Version) -> Result<Vec<Row>, sqlx::Error> {
        let beyond = to_sql(MAX_STREAM_RECORDS as u64 + 1);
        let rows = sqlx::query_as(READ_STREAM).bind(stream.as_str()).bind(to_sql(after.0)).bind(beyond);
        rows.fetch_all(&self.0).await
    }

    pub(super) async fn last(&self, stream: &StreamName) -> Result<Option<Row>, sqlx::Error> {
        sqlx::query_as(READ_LAST).bind(stream.as_str()).fetch_optional(&self.0).await
    }

    pub(super) async fn all(&self, after: Position, limit: i64) -> Result<Vec<Row>, sqlx::Error> {
        sqlx::query_as(READ_ALL).bind(to_sql(after.0)).bind(limit).fetch_all(&self.0).await
    }

    pub(super) async fn at(&self, positions: &[Position]) -> Result<Vec<Row>, sqlx::Error> {
        let positions = json!(positions).to_string();
        sqlx::query_as(READ_AT).bind(positions).fetch_all(&self.0).await
    }

    pub(super) async fn head(&self) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(HEAD).fetch_one(&self.0).await
    }

    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}

impl Writer {
    pub(super) async fn append(&mut self, batch: &[Request]) -> Result<Vec<Verdict>, LogError> {
        // Takes the file's write lock at once, so that what is looked up holds until the commit.
        let mut transaction = self.0.begin_with("begin immediate").await?;
        let mut judge = Judge::look_up(&mut transaction, batch).await?;
        let verdicts: Vec<Verdict> = batch.iter().map(|request| judge.verdict(request)).collect();
        if judge.rows.is_empty() {
            transaction.rollback().await?;
        } else {
            let rows = json!(judge.rows).to_string();
            sqlx::query(INSERT).bind(&judge.bytes).bind(rows).execute(&mut *transaction).await?;
            transaction.commit().await?;
        }
        Ok(verdicts)
    }

    pub(super) async fn close(self) {
        let _lost = self.0.close().await;
    }
}

/// Decides request by request, in batch order, from what the log held before the batch and what the batch has added
/// to it so far.
struct Judge {
    head: Position,
    versions: HashMap<String, Version>,
    places: HashMap<EventId, Place>,
    rows: Vec<NewRow>,
    bytes: Vec<u8>,
}

/// Position, stream, version, id in hex, and where the record's bytes begin (from 1) and how many they are.
type NewRow = (Position, StreamText, Version, String, usize, usize);
type StreamText = String;

/// Where a record lies.
#[derive(PartialEq, Eq)]
struct Place {
    stream: String,
    version: Version,
    position: Position,
}

impl Judge {
    async fn look_up(connection: &mut SqliteConnection, batch: &[Request]) -> Result<Self, sqlx::Error> {
        let head: i64 = sqlx::query_scalar(HEAD).fetch_one(&mut *connection).await?;
        let streams: Vec<&str> = batch.iter().map(|request| request.stream.as_str()).collect();
        let versions: Vec<(String, Option<i64>)> =
            sqlx::query_as(VERSIONS).bind(json!(streams).to_string()).fetch_all(&mut *connection).await?;
        let ids: Vec<String> =
            batch.iter().flat_map(|request| &request.records).map(|record| hex(record.id)).collect();
        let places: Vec<(Uuid, String, i64, i64)> =
            sqlx::query_as(PLACES).bind(json!(ids).to_string()).fetch_all(connection).await?;
        Ok(Self {
            head: from_sql(head),
            versions: versions
                .into_iter()
                .map(|(stream, version)| (stream, Version(version.unwrap_or(0).unsigned_abs())))
                .collect(),
            places: places
                .into_iter()
                .map(|(id, stream, version, position)| {
                    let version = Version(version.unsigned_abs());
                    (EventId(id), Place { stream, version, position: from_sql(position) })
                })
                .collect(),
            rows: Vec::with_capacity(ids.len()),
            bytes: Vec::new(),
        })
    }

    fn verdict(&mut self, request: &Request) -> Verdict {
        let known = request.records.iter().find(|record| self.places.contains_key(&record.id));
        let actual = self.versions.get(request.stream.as_str()).copied().unwrap_or(Version::NONE);
        match known {
            None if actual == request.expected => self.add(request),
            None => Verdict::Stale(actual),
            Some(known) => self.said_before(request).unwrap_or(Verdict::IdReused(known.id)),
        }
    }

    /// The first answer, when every record lies where this request would put it.
    fn said_before(&self, request: &Request) -> Option<Verdict> {
        let position = |record: &events::Record| {
            let place = self.places.get(&record.id)?;
            let same = place.stream == record.stream.as_str() && place.version == record.version;
            same.then_some(place.position)
        };
        Some(Verdict::Appended(request.records.iter().map(position).collect::<Option<_>>()?))
    }

    fn add(&mut self, request: &Request) -> Verdict {
        let mut positions = Vec::with_capacity(request.records.len());
        for record in &request.records {
            let (stream, version) = (record.stream.to_string(), record.version);
            self.head = self.head.next();
            positions.push(self.head);
            self.rows.push((
                self.head,
                stream.clone(),
                version,
                hex(record.id),
                self.bytes.len() + 1,
                record.bytes().len(),
            ));
            self.bytes.extend_from_slice(record.bytes());
            self.versions.insert(stream.clone(), version);
            self.places.insert(record.id, Place { stream, version, position: self.head });
        }
        Verdict::Appended(positions)
    }
}

fn hex(id: EventId) -> String {
    id.0.as_simple().to_string()
}
