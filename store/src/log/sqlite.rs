//! SQLite: one file in WAL mode, one connection that writes, several that read.

use super::{
    Guard, LogError, MAX_STREAM_RECORDS,
    engine::{Row, from_sql, to_sql},
    group_commit::{Request, Verdict},
};
use events::{EventId, LogId, Position, Record, StreamName, Version};
use serde::Serialize;
use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    error::DatabaseError,
    migrate::Migrator,
    sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteQueryResult, SqliteSynchronous,
    },
};
use std::{
    collections::{HashMap, HashSet},
    str::FromStr,
    time::Duration,
};
use uuid::Uuid;

/// How long another process's transaction on the file is waited for.
const BUSY: Duration = Duration::from_secs(5);
const READERS: u32 = 4;

const HAS_MIGRATIONS: &str = "select count(*) from sqlite_schema where name = 'log_migrations'";
const MIGRATED: &str = "select coalesce(max(version), 0) from log_migrations where success";
const LOG_ID: &str = "select log_id from log";
const READ_STREAM: &str = "
    select position, stream, version, record from records
    where stream = $1 and version > $2 order by version limit $3";
const READ_LAST: &str =
    "select position, stream, version, record from records where stream = $1 order by version desc limit 1";
const READ_ALL: &str =
    "select position, stream, version, record from records where position > $1 order by position limit $2";
const READ_AT: &str = "
    select position, stream, version, record from records
    where position in (select value from json_each($1)) order by position";
const HEAD: &str = "select coalesce(max(position), 0) from records";
const VERSIONS: &str = "
    select asked.value, (select max(version) from records where stream = asked.value) from json_each($1) as asked";
const PLACES: &str = "
    select id, stream, version, position from records where id in (select unhex(value) from json_each($1))";
/// One statement a batch: through sqlx the statement is the cost, not the row. The bytes of all records lie end to
/// end in one blob, and each row cuts its own out of it. Nothing is inserted unless each stream stands where its
/// request expects it.
const INSERT: &str = "
    insert into records (position, stream, version, id, record)
    select (select coalesce(max(position), 0) from records) + 1 + row.key,
           row.value ->> 0, row.value ->> 1, unhex(row.value ->> 2), substr($1, row.value ->> 3, row.value ->> 4)
    from json_each($2) as row
    where not exists (
        select 1 from json_each($3) as asked
        where (select coalesce(max(version), 0) from records where stream = asked.value ->> 0) <> asked.value ->> 1)";

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
        let positions = json(positions)?;
        sqlx::query_as(READ_AT).bind(positions).fetch_all(&self.0).await
    }

    pub(super) async fn head(&self) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(HEAD).fetch_one(&self.0).await
    }

    pub(super) fn connections(&self) -> (usize, usize) {
        (self.0.size() as usize, self.0.num_idle())
    }

    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}

impl Writer {
    pub(super) async fn append(&mut self, batch: &[Request]) -> Result<Vec<Verdict>, LogError> {
        match self.append_undisputed(batch).await? {
            Some(verdicts) => Ok(verdicts),
            None => self.append_judged(batch).await,
        }
    }

    /// The usual case, where each stream stands where its one request expects it: a statement that is a transaction
    /// of its own, since each further one costs two changes of thread. `None`: it is not so, nothing was appended.
    async fn append_undisputed(&mut self, batch: &[Request]) -> Result<Option<Vec<Verdict>>, LogError> {
        let streams: HashSet<&str> = batch.iter().map(|request| request.stream.as_str()).collect();
        if streams.len() < batch.len() {
            return Ok(None);
        }
        let own = batch.iter().map(|request| (request.stream.as_str(), request.expected));
        let expected: Vec<_> =
            own.chain(guards(batch).map(|guard| (guard.stream.as_str(), guard.version))).collect();
        let rows = Rows::of(batch.iter().flat_map(|request| &request.records));
        let inserted = match rows.insert(&json(&expected)?, &mut self.0).await {
            Ok(inserted) => inserted,
            // An id is used elsewhere; whose, is for the judge to find out.
            Err(error) if error.as_database_error().is_some_and(DatabaseError::is_unique_violation) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        if inserted.rows_affected() == 0 {
            return Ok(None);
        }
        let mut position = from_sql(inserted.last_insert_rowid() - to_sql(inserted.rows_affected()));
        let verdict = |request: &Request| {
            let next = request.records.iter().map(|_| {
                position = position.next();
                position
            });
            Verdict::Appended(next.collect())
        };
        Ok(Some(batch.iter().map(verdict).collect()))
    }

    /// The other cases: looks up what the judge must know, and inserts what it admits.
    async fn append_judged(&mut self, batch: &[Request]) -> Result<Vec<Verdict>, LogError> {
        // Takes the file's write lock at once, so that what is looked up holds until the commit.
        let mut transaction = self.0.begin_with("begin immediate").await?;
        let mut judge = Judge::look_up(&mut transaction, batch).await?;
        let verdicts: Vec<Verdict> = batch.iter().map(|request| judge.verdict(request)).collect();
        let admitted = judge.admitted;
        if admitted.is_empty() {
            transaction.rollback().await?;
        } else {
            Rows::of(admitted).insert("[]", &mut transaction).await?;
            transaction.commit().await?;
        }
        Ok(verdicts)
    }

    pub(super) async fn close(self) {
        let _lost = self.0.close().await;
    }
}

fn guards(batch: &[Request]) -> impl Iterator<Item = &Guard> {
    batch.iter().flat_map(|request| &request.guards)
}

/// What is inserted: stream, version, id in hex, and where the record's bytes begin (from 1) and how many they are.
struct Rows<'a> {
    places: Vec<(&'a str, Version, String, usize, usize)>,
    bytes: Vec<u8>,
}

impl<'a> Rows<'a> {
    fn of(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut rows = Self { places: Vec::new(), bytes: Vec::new() };
        for record in records {
            let (begin, length) = (rows.bytes.len() + 1, record.bytes().len());
            rows.places.push((record.stream.as_str(), record.version, hex(record.id), begin, length));
            rows.bytes.extend_from_slice(record.bytes());
        }
        rows
    }

    async fn insert(
        self,
        expected: &str,
        connection: &mut SqliteConnection,
    ) -> Result<SqliteQueryResult, sqlx::Error> {
        let places = json(&self.places)?;
        sqlx::query(INSERT).bind(self.bytes).bind(places).bind(expected).execute(connection).await
    }
}

/// Decides request by request, in batch order, from what the log held before the batch and what the batch has added
/// to it so far.
struct Judge<'a> {
    head: Position,
    versions: HashMap<String, Version>,
    places: HashMap<EventId, Place>,
    admitted: Vec<&'a Record>,
}

/// Where a record lies.
#[derive(PartialEq, Eq)]
struct Place {
    stream: String,
    version: Version,
    position: Position,
}

impl<'a> Judge<'a> {
    async fn look_up(connection: &mut SqliteConnection, batch: &'a [Request]) -> Result<Self, sqlx::Error> {
        let head: i64 = sqlx::query_scalar(HEAD).fetch_one(&mut *connection).await?;
        let own = batch.iter().map(|request| request.stream.as_str());
        let streams: Vec<&str> = own.chain(guards(batch).map(|guard| guard.stream.as_str())).collect();
        let versions: Vec<(String, Option<i64>)> =
            sqlx::query_as(VERSIONS).bind(json(&streams)?).fetch_all(&mut *connection).await?;
        let ids: Vec<String> =
            batch.iter().flat_map(|request| &request.records).map(|record| hex(record.id)).collect();
        let places: Vec<(Uuid, String, i64, i64)> =
            sqlx::query_as(PLACES).bind(json(&ids)?).fetch_all(connection).await?;
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
            admitted: Vec::new(),
        })
    }

    fn version(&self, stream: &StreamName) -> Version {
        self.versions.get(stream.as_str()).copied().unwrap_or(Version::NONE)
    }

    fn verdict(&mut self, request: &'a Request) -> Verdict {
        let known = request.records.iter().find(|record| self.places.contains_key(&record.id));
        let actual = self.version(&request.stream);
        match known {
            _ if !request.guards.iter().all(|guard| self.version(&guard.stream) == guard.version) => {
                Verdict::Moved
            }
            None if actual == request.expected => self.admit(request),
            None => Verdict::Stale(actual),
            Some(known) => self.said_before(request).unwrap_or(Verdict::IdReused(known.id)),
        }
    }

    /// The first answer, when every record lies where this request would put it.
    fn said_before(&self, request: &Request) -> Option<Verdict> {
        let position = |record: &Record| {
            let place = self.places.get(&record.id)?;
            let same = place.stream == record.stream.as_str() && place.version == record.version;
            same.then_some(place.position)
        };
        Some(Verdict::There(request.records.iter().map(position).collect::<Option<_>>()?))
    }

    fn admit(&mut self, request: &'a Request) -> Verdict {
        let mut positions = Vec::with_capacity(request.records.len());
        for record in &request.records {
            let (stream, version) = (record.stream.to_string(), record.version);
            self.head = self.head.next();
            positions.push(self.head);
            self.versions.insert(stream.clone(), version);
            self.places.insert(record.id, Place { stream, version, position: self.head });
        }
        self.admitted.extend(&request.records);
        Verdict::Appended(positions)
    }
}

fn json(value: &(impl Serialize + ?Sized)) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}

fn hex(id: EventId) -> String {
    id.0.as_simple().to_string()
}
