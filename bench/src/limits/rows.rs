//! The same rows, written to the same disk by the barest statement that keeps them.

use crate::Outcome;
use sqlx::{Connection, PgConnection, PgPool, SqliteConnection, postgres::PgPoolOptions};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use uuid::Uuid;

/// A record's usual size.
pub(crate) const RECORD_BYTES: usize = 600;
/// Rows in one transaction of a batched limit: as many as there are callers.
pub(crate) const BATCH: usize = 64;

const POSTGRES_TABLE: &str = "
    create table if not exists bare_events (
        position bigint generated always as identity primary key,
        id uuid not null unique,
        stream text not null,
        version bigint not null,
        record bytea not null,
        unique (stream, version)
    )";

const SQLITE_TABLE: &str = "
    create table if not exists bare_events (
        position integer primary key,
        id text not null unique,
        stream text not null,
        version integer not null,
        record text not null,
        unique (stream, version)
    )";

const POSTGRES_BATCH: &str = "
    insert into bare_events (id, stream, version, record)
    select * from unnest($1::uuid[], $2::text[], $3::bigint[], $4::bytea[])";

const POSTGRES_ONE: &str = "insert into bare_events (id, stream, version, record) values ($1, $2, $3, $4)";

const SQLITE_BATCH: &str = "
    insert into bare_events (id, stream, version, record)
    select row.value ->> 0, row.value ->> 1, row.value ->> 2, row.value ->> 3 from json_each($1) as row";

/// The rows of one batch.
struct Rows {
    ids: Vec<Uuid>,
    streams: Vec<String>,
    versions: Vec<i64>,
    records: Vec<Vec<u8>>,
}

/// An id in time order, as the log's are.
fn id(number: u128) -> Uuid {
    Uuid::from_u128((0x0193_5a1c_0000_7000_u128 << 64) + number)
}

fn rows(batch: u128) -> Rows {
    let numbers = (0..BATCH as u128).map(|row| batch * BATCH as u128 + row);
    let ids: Vec<Uuid> = numbers.map(id).collect();
    Rows {
        streams: ids.iter().map(|id| format!("session-{id}")).collect(),
        versions: vec![1; BATCH],
        records: vec![vec![b'x'; RECORD_BYTES]; BATCH],
        ids,
    }
}

/// Rows a second by `insert … unnest`, one durable transaction a batch of 64, one connection.
pub(crate) async fn postgres_batches(url: &str, seconds: u64) -> Outcome<f64> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query(POSTGRES_TABLE).execute(&mut connection).await?;
    let (started, mut batches) = (Instant::now(), 0_u32);
    while started.elapsed() < Duration::from_secs(seconds) {
        let rows = rows(u128::from(batches));
        sqlx::query(POSTGRES_BATCH)
            .bind(rows.ids)
            .bind(rows.streams)
            .bind(rows.versions)
            .bind(rows.records)
            .execute(&mut connection)
            .await?;
        batches += 1;
    }
    Ok(per_second(batches, started))
}

/// Rows a second by one statement over `json_each`, one durable transaction a batch of 64, one connection.
pub(crate) async fn sqlite_batches(path: &str, seconds: u64) -> Outcome<f64> {
    let mut connection = SqliteConnection::connect(&format!("sqlite:{path}?mode=rwc")).await?;
    sqlx::raw_sql("pragma journal_mode = wal; pragma synchronous = full").execute(&mut connection).await?;
    sqlx::query(SQLITE_TABLE).execute(&mut connection).await?;
    let (started, mut batches) = (Instant::now(), 0_u32);
    while started.elapsed() < Duration::from_secs(seconds) {
        let rows = rows(u128::from(batches));
        let document: Vec<_> = (0..BATCH)
            .map(|row| {
                (
                    rows.ids[row],
                    &rows.streams[row],
                    rows.versions[row],
                    String::from_utf8_lossy(&rows.records[row]),
                )
            })
            .collect();
        sqlx::query(SQLITE_BATCH).bind(serde_json::to_string(&document)?).execute(&mut connection).await?;
        batches += 1;
    }
    Ok(per_second(batches, started))
}

/// Rows a second by one durable transaction a row at 64 connections: what others do, with positions that can gap.
pub(crate) async fn single_inserts(url: &str, seconds: u64) -> Outcome<f64> {
    let pool = PgPoolOptions::new().max_connections(64).min_connections(64).connect(url).await?;
    sqlx::query(POSTGRES_TABLE).execute(&pool).await?;
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for caller in 0..64_u128 {
        tasks.spawn(insert_until(pool.clone(), caller, started + Duration::from_secs(seconds)));
    }
    let mut inserted = 0;
    while let Some(done) = tasks.join_next().await {
        inserted += done??;
    }
    pool.close().await;
    Ok(f64::from(inserted) / started.elapsed().as_secs_f64())
}

async fn insert_until(pool: PgPool, caller: u128, until: Instant) -> Outcome<u32> {
    let mut inserted = 0_u32;
    while Instant::now() < until {
        let id = id(u128::from(inserted) * 64 + caller + (1 << 40));
        sqlx::query(POSTGRES_ONE)
            .bind(id)
            .bind(format!("session-{id}"))
            .bind(1_i64)
            .bind(vec![b'x'; RECORD_BYTES])
            .execute(&pool)
            .await?;
        inserted += 1;
    }
    Ok(inserted)
}

#[expect(clippy::cast_precision_loss, reason = "a count of rows")]
fn per_second(batches: u32, started: Instant) -> f64 {
    (u64::from(batches) * BATCH as u64) as f64 / started.elapsed().as_secs_f64()
}
