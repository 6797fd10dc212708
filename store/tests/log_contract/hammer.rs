//! The gap hammer: writers in two processes' shape, followers beside them, connections that die.

use crate::{
    engine::Engine,
    records::{random, record, stream},
};
use events::{EventId, Position, Version};
use sqlx::{Connection, PgConnection};
use std::{collections::HashMap, sync::Arc, time::Duration};
use store::log::{AppendError, Follower, Log, LogError};
use tokio::{
    task::{JoinSet, spawn_blocking},
    time,
};

const WRITERS: u64 = 64;
const FOLLOWERS: u64 = 8;
const RECORDS: u64 = 15;
const KILLS: usize = 12;
const END_CONNECTIONS: &str = "
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'evident-log'";

pub(crate) async fn every_acknowledged_record_is_seen_once_and_in_order(engine: Engine) {
    // Threads of its own: the order of things must not be the test's doing.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    let runtime = runtime.expect("threads");
    runtime.spawn(hammer(engine)).await.expect("the hammer holds");
    runtime.shutdown_background();
}

async fn hammer(engine: Engine) {
    let engine = Arc::new(engine);
    let processes = [engine.log().await, engine.reopen().await];
    let mut followers = JoinSet::new();
    for n in 0..FOLLOWERS {
        let log = &processes[(n % 2) as usize];
        followers.spawn(follow(log.follow(Position::START), WRITERS * RECORDS));
    }
    let mut writers = JoinSet::new();
    for n in 0..WRITERS {
        writers.spawn(write(processes[(n % 2) as usize].clone(), n));
    }
    let killer = tokio::spawn(kill_connections(Arc::clone(&engine)));
    let acknowledged: HashMap<EventId, Position> = writers.join_all().await.into_iter().flatten().collect();
    killer.abort();
    assert_eq!(acknowledged.len() as u64, WRITERS * RECORDS);
    for seen in followers.join_all().await {
        assert_eq!(seen, acknowledged);
    }
}

/// One writer with a stream of its own, random pauses, and rivals at versions that are not there.
async fn write(log: Log, n: u64) -> Vec<(EventId, Position)> {
    let own = stream(&format!("user-{n}"));
    let mut acknowledged = Vec::new();
    for version in 1..=RECORDS {
        time::sleep(Duration::from_micros(random() % 3_000)).await;
        let one = record(log.id(), &own, version);
        if random().is_multiple_of(4) {
            let conflict =
                log.append(&own, Version(version + 7), vec![record(log.id(), &own, version + 8)]).await;
            assert!(
                matches!(conflict, Err(AppendError::Stale { .. } | AppendError::Broken(_))),
                "{conflict:?}"
            );
        }
        let answer = loop {
            match log.append(&own, Version(version - 1), vec![one.clone()]).await {
                Ok(appended) => break appended.last(),
                // The outcome is unknown: the same again.
                Err(AppendError::Broken(LogError::Unavailable(_))) => {}
                Err(other) => panic!("{other}"),
            }
        };
        acknowledged.push((one.id, answer));
    }
    acknowledged
}

/// Sees records until so many; asserts that each is the next of the log and the next of its stream.
async fn follow(mut follower: Follower, until: u64) -> HashMap<EventId, Position> {
    let mut seen = HashMap::new();
    let mut versions = HashMap::new();
    while (seen.len() as u64) < until {
        let batch = match follower.next(100).await {
            Ok(batch) => batch,
            Err(LogError::Unavailable(_)) => continue,
            Err(other) => panic!("{other}"),
        };
        for stored in batch {
            let version = versions.entry(stored.record.stream.clone()).or_insert(Version::NONE);
            assert_eq!(stored.record.version, version.next());
            *version = stored.record.version;
            assert_eq!(seen.insert(stored.record.id, stored.position), None);
        }
    }
    seen
}

/// Ends the log's connections now and then, in the middle of whatever they do. A file has none to end.
async fn kill_connections(engine: Arc<Engine>) {
    match &*engine {
        Engine::Sqlite { .. } => {}
        Engine::Postgres { url } => {
            let mut foreign = PgConnection::connect(url).await.expect("the server answers");
            for _ in 0..KILLS {
                time::sleep(Duration::from_millis(random() % 60)).await;
                sqlx::query(END_CONNECTIONS).execute(&mut foreign).await.expect("they end");
            }
        }
        Engine::Kurrentdb { .. } => {
            for _ in 0..KILLS {
                time::sleep(Duration::from_millis(random() % 200)).await;
                let engine = Arc::clone(&engine);
                spawn_blocking(move || engine.cut()).await.expect("it is back");
            }
        }
    }
}
