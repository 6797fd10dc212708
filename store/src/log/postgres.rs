//! PostgreSQL: one call of `evident_log.append_batch` a batch, in the schema that `migrations/log/postgres` makes.

use super::{
    LogError, MAX_STREAM_RECORDS,
    engine::{Row, from_sql, to_sql},
    group_commit::{Request, Verdict},
};
use events::{EventId, LogId, Position, StreamName, Version};
use sqlx::{
    ConnectOptions, Connection, PgConnection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{
    str::FromStr,
    time::{Duration, Instant},
};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

/// How long the server may take over one statement; it gives up a little before we do.
const STATEMENT_TIMEOUT: &str = "10s";
const DEADLINE: Duration = Duration::from_secs(12);
/// How long another process's commit is given before it is looked at again: a fraction of what one takes.
const TURN: Duration = Duration::from_micros(300);
/// How long others are let go first before their commit is waited for all the same.
const POLITE: Duration = Duration::from_millis(50);
/// For whoever appends: a plan made while the log was empty must still probe its indexes when it is not, and what that makes
/// of the estimated costs must not set the compiler off.
const PLANS: [(&str, &str); 3] =
    [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("jit", "off")];
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// More readers than this are slower on few cores, and every one costs the server a process.
const READERS: u32 = 16;
/// A reader that rested this long is asked whether it is still alive before it is used.
const RESTED: Duration = Duration::from_secs(1);

const MIGRATED: &str = "select coalesce(max(version), 0) from evident_log.migrations where success";
const LOG_ID: &str = "select log_id from evident_log.head";
const APPEND: &str = "
    select base, positions, actual, reused, moved
    from evident_log.append_batch($6, $1, $2, $3, $4, $5, $7, $8, $9)";
/// For a login that may only note exports, which nothing guards.
const APPEND_NOTES: &str = "
    select null::bigint as base, positions, actual, reused, null::integer[] as moved
    from evident_log.append_notes($1, $2, $3, $4, $5)";
const MAY_APPEND: &str = "
    select has_function_privilege(
        'evident_log.append_batch(boolean, integer[], text[], bigint[], uuid[], bytea[], integer[], text[], bigint[])',
        'execute')";
const READ_STREAM: &str = "
    select position, stream, version, record from evident_log.records
    where stream = $1 and version > $2 order by version limit $3";
const READ_LAST: &str = "
    select position, stream, version, record from evident_log.records
    where stream = $1 order by version desc limit 1";
const READ_ALL: &str = "
    select position, stream, version, record from evident_log.records
    where position > $1 order by position limit $2";
const READ_AT: &str = "
    select position, stream, version, record from evident_log.records
    where position = any ($1) order by position";
const HEAD: &str = "select position from evident_log.head";

/// The lock of whoever appends in turn, for as long as this statement takes: free when it was to be had.
const IS_FREE: &str = "select pg_try_advisory_xact_lock(3786150915)";

/// What appending answers. Either where the whole batch stands right behind. Or positions one a record, and versions and
/// ids, one a request, only when one of them was refused. Or the requests, counted from one, whose guards do not hold.
#[derive(sqlx::FromRow)]
struct Answer {
    base: Option<i64>,
    positions: Option<Vec<Option<i64>>>,
    actual: Option<Vec<Option<i64>>>,
    reused: Option<Vec<Option<Uuid>>>,
    moved: Option<Vec<i32>>,
}

/// The pool that reads.
#[derive(Debug, Clone)]
pub(super) struct Readers(PgPool);

/// The connection that writes, made again when it was lost.
#[derive(Debug)]
pub(super) struct Writer {
    options: Box<PgConnectOptions>,
    connection: Option<PgConnection>,
    /// Whether this login may append anything, or note exports alone.
    appends: bool,
}

pub(super) async fn migrate(url: &str) -> Result<(), LogError> {
    let mut connection = connect(&PgConnectOptions::from_str(url)?).await?;
    // `run` would make this future one that cannot be spawned (rust-lang/rust#100013).
    migrator().run_direct(None, &mut connection, false).await?;
    connection.close().await?;
    Ok(())
}

pub(super) async fn open(url: &str) -> Result<(LogId, Readers, Writer), LogError> {
    // An append is acknowledged when it is on disk, whatever the server's default says.
    let options = PgConnectOptions::from_str(url)?.application_name("evident-log").options([
        ("synchronous_commit", "on"),
        ("statement_timeout", STATEMENT_TIMEOUT),
        ("idle_in_transaction_session_timeout", STATEMENT_TIMEOUT),
    ]);
    let appending = options.clone().options(PLANS);
    let mut connection = connect(&appending).await?;
    let migrated: i64 = sqlx::query_scalar(MIGRATED).fetch_one(&mut connection).await?;
    if migrator().iter().any(|migration| migration.version > migrated) {
        return Err(LogError::NotMigrated);
    }
    let id = sqlx::query_scalar(LOG_ID).fetch_one(&mut connection).await?;
    let appends = sqlx::query_scalar(MAY_APPEND).fetch_one(&mut connection).await?;
    let readers = Readers(readers(options));
    Ok((LogId(id), readers, Writer { options: Box::new(appending), connection: Some(connection), appends }))
}

/// The migrator keeps its table in our schema, so that log, vault and read models can share a database.
fn migrator() -> Migrator {
    let mut migrator = sqlx::migrate!("../migrations/log/postgres");
    migrator.create_schema("evident_log");
    migrator.dangerous_set_table_name("evident_log.migrations");
    migrator
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, LogError> {
    timeout(CONNECT_DEADLINE, options.connect()).await.map_or(Err(LogError::timed_out()), |made| Ok(made?))
}

fn readers(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(CONNECT_DEADLINE)
        .test_before_acquire(false)
        .before_acquire(|connection, last| {
            Box::pin(async move {
                Ok(last.idle_for < RESTED
                    || timeout(RESTED, connection.ping()).await.is_ok_and(|alive| alive.is_ok()))
            })
        })
        .connect_lazy_with(options)
}

impl Readers {
    pub(super) async fn stream(&self, stream: &StreamName, after: Version) -> Result<Vec<Row>, sqlx::Error> {
        let beyond = to_sql(MAX_STREAM_RECORDS as u64 + 1);
        let rows = || sqlx::query_as(READ_STREAM).bind(stream.as_str()).bind(to_sql(after.0)).bind(beyond);
        read(|| rows().fetch_all(&self.0)).await
    }

    pub(super) async fn last(&self, stream: &StreamName) -> Result<Option<Row>, sqlx::Error> {
        read(|| sqlx::query_as(READ_LAST).bind(stream.as_str()).fetch_optional(&self.0)).await
    }

    pub(super) async fn all(&self, after: Position, limit: i64) -> Result<Vec<Row>, sqlx::Error> {
        read(|| sqlx::query_as(READ_ALL).bind(to_sql(after.0)).bind(limit).fetch_all(&self.0)).await
    }

    pub(super) async fn at(&self, positions: &[Position]) -> Result<Vec<Row>, sqlx::Error> {
        let positions: Vec<i64> = positions.iter().map(|position| to_sql(position.0)).collect();
        read(|| sqlx::query_as(READ_AT).bind(&positions).fetch_all(&self.0)).await
    }

    pub(super) async fn head(&self) -> Result<i64, sqlx::Error> {
        read(|| sqlx::query_scalar(HEAD).fetch_one(&self.0)).await
    }

    pub(super) fn connections(&self) -> (usize, usize) {
        (self.0.size() as usize, self.0.num_idle())
    }

    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}

/// Reads again while it was only the connection that was lost. After a restart of the server each one in the pool is
/// dead; every attempt throws one of them out.
async fn read<T, F>(attempt: impl Fn() -> F) -> Result<T, sqlx::Error>
where
    F: Future<Output = Result<T, sqlx::Error>>,
{
    for _ in 0..READERS {
        match attempt().await {
            Err(error) if connection_was_lost(&error) => {}
            answered => return answered,
        }
    }
    attempt().await
}

/// Whether the socket closed, or the server said why it was about to (57P01, 57P02: it is told to stop, or crashes).
fn connection_was_lost(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(error, sqlx::Error::Io(_)) || matches!(code.as_deref(), Some("57P01" | "57P02"))
}

impl Writer {
    /// A connection that was made earlier may have died since, with the server or with a firewall's patience. Then
    /// the batch is said once more over a new one: the ids make that harmless even if the first one had arrived.
    pub(super) async fn append(&mut self, batch: &[Request]) -> Result<Vec<Verdict>, LogError> {
        if let Some(connection) = self.connection.take() {
            match self.append_over(connection, batch).await {
                Err(LogError::Unavailable(_)) => {}
                answered => return answered,
            }
        }
        let connection = connect(&self.options).await?;
        self.append_over(connection, batch).await
    }

    /// Keeps the connection unless the server may be gone from its other end.
    async fn append_over(
        &mut self,
        mut connection: PgConnection,
        batch: &[Request],
    ) -> Result<Vec<Verdict>, LogError> {
        let appending = append(self.appends, &mut connection, batch);
        let answered = match timeout(DEADLINE, appending).await {
            Ok(answered) => answered.map_err(LogError::from),
            Err(_) => Err(LogError::timed_out()),
        };
        if !matches!(answered, Err(LogError::Unavailable(_))) {
            self.connection = Some(connection);
        }
        answered
    }

    pub(super) async fn close(self) {
        if let Some(connection) = self.connection {
            let _lost = connection.close().await;
        }
    }
}

/// Appends what is not refused for its guards. Nearly always none is; else those that are are left out the next time.
async fn append(
    appends: bool,
    connection: &mut PgConnection,
    batch: &[Request],
) -> Result<Vec<Verdict>, sqlx::Error> {
    let mut verdicts: Vec<Option<Verdict>> = vec![None; batch.len()];
    loop {
        let left: Vec<usize> = (0..batch.len()).filter(|nth| verdicts[*nth].is_none()).collect();
        let requests: Vec<&Request> = left.iter().map(|nth| &batch[*nth]).collect();
        let answer = match (requests.is_empty(), appends) {
            (true, _) => break,
            (false, true) => call_in_turn(connection, &requests).await?,
            (false, false) => call(APPEND_NOTES, connection, &requests, None).await?,
        };
        match &answer.moved {
            Some(moved) => {
                let nth = |number: &i32| usize::try_from(number - 1).ok().and_then(|nth| left.get(nth));
                moved.iter().filter_map(nth).for_each(|nth| verdicts[*nth] = Some(Verdict::Moved));
            }
            None => {
                let judged = left.iter().zip(judged(&requests, answer));
                judged.for_each(|(nth, verdict)| verdicts[*nth] = Some(verdict));
            }
        }
    }
    Ok(verdicts.into_iter().flatten().collect())
}

/// Appends once nobody else does. A lock would be waited for in the server, by a session a process; so the server says that
/// somebody else appends, and is asked again, but not for ever.
async fn call_in_turn(connection: &mut PgConnection, batch: &[&Request]) -> Result<Answer, sqlx::Error> {
    let polite = Instant::now();
    while polite.elapsed() < POLITE {
        match call(APPEND, connection, batch, Some(true)).await {
            Err(error) if is_taken(&error) => {
                metrics::counter!("evident_log_turns_waited_total").increment(1)
            }
            answered => return answered,
        }
        while polite.elapsed() < POLITE
            && !sqlx::query_scalar::<_, bool>(IS_FREE).fetch_one(&mut *connection).await?
        {
            sleep(TURN).await;
        }
    }
    call(APPEND, connection, batch, Some(false)).await
}

/// `lock_not_available`
fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "55P03")
}

/// `in_turn` for a statement that takes it, and guards.
async fn call(
    statement: &'static str,
    connection: &mut PgConnection,
    batch: &[&Request],
    in_turn: Option<bool>,
) -> Result<Answer, sqlx::Error> {
    let records = || batch.iter().flat_map(|request| &request.records);
    let numbered = || (1..).zip(batch);
    let requests: Vec<i32> =
        numbered().flat_map(|(nth, request)| request.records.iter().map(move |_| nth)).collect();
    let query = sqlx::query_as(statement)
        .bind(requests)
        .bind(records().map(|record| record.stream.as_str()).collect::<Vec<_>>())
        .bind(records().map(|record| to_sql(record.version.0)).collect::<Vec<_>>())
        .bind(records().map(|record| record.id.0).collect::<Vec<_>>())
        .bind(records().map(|record| record.bytes().as_ref()).collect::<Vec<&[u8]>>());
    let Some(in_turn) = in_turn else { return query.fetch_one(connection).await };
    let guards = || batch.iter().flat_map(|request| &request.guards);
    let guarded: Vec<i32> =
        numbered().flat_map(|(nth, request)| request.guards.iter().map(move |_| nth)).collect();
    query
        .bind(in_turn)
        .bind(guarded)
        .bind(guards().map(|guard| guard.stream.as_str()).collect::<Vec<_>>())
        .bind(guards().map(|guard| to_sql(guard.version.0)).collect::<Vec<_>>())
        .fetch_one(connection)
        .await
}

fn judged(batch: &[&Request], answer: Answer) -> Vec<Verdict> {
    let Answer { base, positions, actual, reused, .. } = answer;
    let behind = |base: i64| {
        let records: usize = batch.iter().map(|request| request.records.len()).sum();
        (base + 1..).take(records).map(Some).collect()
    };
    let mut positions = base.map(behind).or(positions).unwrap_or_default().into_iter();
    // Otherwise the function looked at each request by itself, and some may be there since an earlier time.
    let undisputed = actual.is_none();
    let of = |nth: usize, versions: &Option<Vec<Option<i64>>>| versions.as_ref()?.get(nth).copied()?;
    (0..)
        .zip(batch)
        .map(|(nth, request)| {
            let own = positions.by_ref().take(request.records.len());
            let own: Vec<Position> = own.flatten().map(from_sql).collect();
            let reused = reused.as_ref().and_then(|ids| ids.get(nth).copied().flatten());
            match (of(nth, &actual), reused) {
                (None, _) if undisputed => Verdict::Appended(own),
                (None, _) => Verdict::There(own),
                (Some(_), Some(id)) => Verdict::IdReused(EventId(id)),
                (Some(version), None) => Verdict::Stale(Version(version.unsigned_abs())),
            }
        })
        .collect()
}
