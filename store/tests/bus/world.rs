//! A log and a NATS server of their own for each test.

use crate::{
    engine::Engine,
    records::{record, stream},
    server::{Program, Server},
    stream::Admin,
};
use events::{Position, Record, StreamName, Version};
use std::{sync::Arc, time::Duration};
use store::{
    bus::Bus,
    log::{AppendError, Appended, Log, LogError},
    relay,
};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long anything here may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) program: Program,
    pub(crate) server: Arc<Server>,
    pub(crate) log: Log,
}

/// A relay, as some command service has one; it ends at once when this is dropped.
pub(crate) struct Relaying {
    pub(crate) bus: Bus,
    task: JoinHandle<()>,
    _stop: DropGuard,
}

impl World {
    pub(crate) async fn new(engine: Engine, program: Program) -> Self {
        let log = engine.log().await;
        Self { engine, program, server: Arc::new(Server::start(program)), log }
    }

    /// An engine of the same kind with a log of its own.
    pub(crate) async fn another_engine(&self) -> Engine {
        match self.engine {
            Engine::Sqlite { .. } => Engine::sqlite().await,
            Engine::Postgres { .. } => Engine::postgres().await,
            Engine::Kurrentdb { .. } => Engine::kurrentdb().await,
        }
    }

    pub(crate) async fn bus(&self) -> Bus {
        Bus::connect(&self.server.url, 1).await.expect("a bus")
    }

    pub(crate) async fn admin(&self) -> Admin {
        Admin::connect(&self.server.url).await
    }

    /// The log and a bus as another process has them: appends elsewhere wake it over the bus only.
    pub(crate) async fn elsewhere(&self) -> Log {
        self.engine.reopen().await.carried_by(&self.bus().await)
    }

    /// A relay in the process that appends by [`World::log`], at work: a new stream begins where the log ends by then.
    pub(crate) async fn relay(&self) -> Relaying {
        let relay = Relaying::start(self.log.clone(), self.bus().await);
        relay.looked().await;
        relay
    }

    /// Appends this many records to a stream that has none, each with a transaction of its own.
    pub(crate) async fn append(&self, name: &str, count: u64) -> Position {
        append(&self.log, name, 0, count).await
    }

    /// Waits until the stream ends where the log ends.
    pub(crate) async fn relayed(&self, admin: &Admin) {
        eventually("the stream ends where the log ends", async || {
            let head = self.log.head().await.expect("the log answers");
            let Ok(stream) = admin.jetstream.get_stream(crate::stream::STREAM).await else { return false };
            let Ok(last) = stream.get_last_raw_message_by_subject("evident.>").await else { return false };
            last.headers.get("Evident-Position").is_some_and(|at| at.as_str() == head.to_string())
        })
        .await;
    }
}

impl Relaying {
    pub(crate) fn start(log: Log, bus: Bus) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(relay::run(log, bus.clone(), stop.clone()));
        Self { bus, task, _stop: stop.drop_guard() }
    }

    /// Waits until it knows where the stream ends.
    pub(crate) async fn looked(&self) {
        eventually("the relay looked", async || self.bus.state().relayed.is_some()).await;
    }

    /// Waits until it is in trouble that says all of this; before, it may have been in another, as when NATS did not
    /// answer in time. Answers with what it says.
    pub(crate) async fn trouble(&self, words: &[&str]) -> String {
        let trouble = || self.bus.state().trouble.filter(|said| words.iter().all(|word| said.contains(word)));
        eventually(&format!("trouble that says {words:?}"), async || trouble().is_some()).await;
        trouble().expect("trouble that stays")
    }
}

impl Drop for Relaying {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Appends records to a stream that is at a version, each with a transaction of its own.
pub(crate) async fn append(log: &Log, name: &str, at: u64, count: u64) -> Position {
    let name = stream(name);
    let mut last = Position::START;
    for version in at + 1..=at + count {
        let one = record(log.id(), &name, version);
        let appending = appended(log, &name, Version(version - 1), one);
        last = tokio::time::timeout(PATIENCE, appending).await.expect("appended in time").last();
    }
    last
}

/// Appends a record, and again where the log did not answer: SQLite lets writers in by no order, so one may be out of
/// luck until it gives up.
async fn appended(log: &Log, name: &StreamName, expected: Version, one: Record) -> Appended {
    loop {
        match log.append(name, expected, vec![one.clone()]).await {
            Ok(appended) => return appended,
            // The outcome is unknown: the same again.
            Err(AppendError::Broken(LogError::Unavailable(_))) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

/// Waits until something holds; asks every few milliseconds.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("waited in vain: {what}"));
}
