//! Appending, 64 callers at a time, against the same rows in bare batches of 64 and one transaction a row.

use super::facts;
use crate::{
    Outcome, limits,
    machine::Postgres,
    table::{Figure, Reach, Row},
};
use events::Version;
use std::time::{Duration, Instant};
use store::log::Log;
use tokio::task::JoinSet;

const CALLERS: u64 = 64;
/// More than any disk seen so far takes. A phase that runs out of records ends early, and is divided by its own time.
const RECORDS_A_SECOND: u64 = 100_000;

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

/// Events a second that are durable, each caller waiting for its own before the next. The records are written before
/// the clock starts: the bare rows need none.
async fn append_for(url: &str, seconds: u64) -> Outcome<f64> {
    Log::migrate(url).await?;
    let log = Log::open(url).await?;
    let mut lanes = Vec::new();
    for caller in 0..CALLERS {
        // Every caller takes each 64th number, so that ids grow together as the time in them does: ranges of their own
        // would each write to another page.
        let numbers = (0..seconds * RECORDS_A_SECOND / CALLERS).map(|number| number * CALLERS + caller);
        lanes.push(
            numbers.map(|number| facts::session_started(log.id(), number)).collect::<Outcome<Vec<_>>>()?,
        );
    }
    let started = Instant::now();
    let until = started + Duration::from_secs(seconds);
    let mut tasks = JoinSet::new();
    for lane in lanes {
        let log = log.clone();
        tasks.spawn(async move {
            let mut appended = 0_u32;
            for record in lane {
                if Instant::now() >= until {
                    break;
                }
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
