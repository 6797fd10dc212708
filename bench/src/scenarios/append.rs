//! Appending, 64 callers at a time, against the same rows in bare batches of 64 and one transaction a row.

use super::facts;
use crate::{
    Outcome, limits,
    machine::Postgres,
    table::{Figure, Reach, Row},
};
use events::Version;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use store::log::Log;
use tokio::task::JoinSet;

const CALLERS: u64 = 64;

pub(crate) async fn run(postgres: &Postgres, seconds: u64) -> Outcome<Vec<Row>> {
    let batches = limits::rows::postgres_batches(&postgres.database("bare_batches").await?, seconds).await?;
    let singles = limits::rows::single_inserts(&postgres.database("bare_singles").await?, seconds).await?;
    let ours = append_for(&postgres.database("append").await?, seconds).await?;
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let sqlite_batches = limits::rows::sqlite_batches(&path("bare.db"), seconds).await?;
    let sqlite_ours = append_for(&format!("sqlite:{}", path("log.db")), seconds).await?;
    let row = |scenario: &str, ours, limit, least| Row {
        scenario: scenario.into(),
        ours: Figure::PerSecond(ours),
        limit: Some(Figure::PerSecond(limit)),
        reach: Reach::AtLeast(least),
    };
    Ok(vec![
        row("append, 64 callers, PostgreSQL, against bare batches of 64", ours, batches, 0.6),
        row("append, 64 callers, PostgreSQL, against one transaction an event", ours, singles, 1.5),
        row("append, 64 callers, SQLite, against bare batches of 64", sqlite_ours, sqlite_batches, 0.6),
    ])
}

/// Events a second that are durable, each caller waiting for its own before the next.
async fn append_for(url: &str, seconds: u64) -> Outcome<f64> {
    Log::migrate(url).await?;
    let log = Log::open(url).await?;
    let started = Instant::now();
    let until = started + Duration::from_secs(seconds);
    // Ids grow together, as the time in them does: callers with ranges of their own would each write to another page.
    let numbers = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..CALLERS {
        let (log, numbers) = (log.clone(), Arc::clone(&numbers));
        tasks.spawn(async move {
            let mut appended = 0_u32;
            while Instant::now() < until {
                let record = facts::session_started(log.id(), numbers.fetch_add(1, Ordering::Relaxed))?;
                log.append(&record.stream.clone(), Version::NONE, vec![record]).await?;
                appended += 1;
            }
            Outcome::Ok(appended)
        });
    }
    let mut appended = 0;
    while let Some(done) = tasks.join_next().await {
        appended += done??;
    }
    let took = started.elapsed();
    log.close().await;
    Ok(f64::from(appended) / took.as_secs_f64())
}
