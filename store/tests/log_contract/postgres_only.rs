//! What only a server can do to a log: be away, come back, and hold roles.

use crate::{
    engine::{Engine, Foreign},
    records::{random, record, stream},
};
use events::{EventId, Position, Version};
use std::{
    collections::BTreeMap,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use store::log::{AppendError, Log, LogError};
use tempfile::TempDir;
use tokio::{task::JoinSet, time::timeout};

/// A server of the test's own, which it may kill.
struct Server(TempDir);

impl Server {
    fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    fn run(&self, command: &str) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/postgres");
        let run =
            Command::new(script).arg(command).arg(self.0.path()).output().expect("scripts/postgres runs");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8_lossy(&run.stdout).trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.run("kill");
    }
}

#[tokio::test]
async fn a_tail_and_an_append_outlive_the_servers_restart() {
    let server = Server::new();
    let engine = Engine::postgres_at(&server.run("start")).await;
    let log = engine.log().await;
    let user = stream("user-1");
    let first = log.append(&user, Version::NONE, vec![record(log.id(), &user, 1)]).await.expect("appended");
    let mut follower = log.follow(Position::START);
    assert_eq!(follower.next(10).await.expect("read").len(), 1);

    server.run("kill");
    let second = record(log.id(), &user, 2);
    let away = log.append(&user, Version(1), vec![second.clone()]).await;
    assert!(matches!(away, Err(AppendError::Broken(LogError::Unavailable(_)))), "{away:?}");
    let refused = timeout(Duration::from_secs(30), Log::open(engine.url())).await.expect("refused at once");
    assert!(matches!(refused, Err(LogError::Unavailable(_))), "{refused:?}");

    server.run("start");
    let appended = log.append(&user, Version(1), vec![second.clone()]).await.expect("the same again");
    assert_eq!(appended.last(), first.last().next());
    let live = loop {
        match timeout(Duration::from_secs(60), follower.next(10)).await.expect("in time") {
            Ok(batch) => break batch,
            Err(error) => assert!(matches!(error, LogError::Unavailable(_)), "{error}"),
        }
    };
    assert_eq!(live.into_iter().map(|stored| stored.record).collect::<Vec<_>>(), [second]);

    server.run("restart");
    let unnoticed = log.append(&user, Version(2), vec![record(log.id(), &user, 3)]).await;
    assert_eq!(unnoticed.expect("a lost connection alone fails nobody").last(), Position(3));
}

#[tokio::test]
async fn an_append_under_way_when_the_server_dies_is_said_again_and_is_there_once() {
    let server = Server::new();
    let engine = Engine::postgres_at(&server.run("start")).await;
    let log = engine.log().await;
    let over = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for n in 0..8 {
        writers.spawn(append_until(Arc::clone(&over), log.clone(), n));
    }
    let mut follower = log.follow(Position::START);
    while follower.position() < Position(40) {
        follower.next(10).await.expect("read");
    }
    let server = tokio::task::spawn_blocking(move || {
        server.run("restart");
        server
    });
    let _server = server.await.expect("restarted");
    over.store(true, Ordering::Relaxed);
    let acknowledged: BTreeMap<Position, EventId> = writers.join_all().await.into_iter().flatten().collect();
    let (mut after, mut there) = (Position::START, BTreeMap::new());
    while let page @ [.., last] = log.read_all(after, 1_000).await.expect("dense").as_slice() {
        after = last.position;
        there.extend(page.iter().map(|stored| (stored.position, stored.record.id)));
    }
    assert_eq!(there, acknowledged);
}

/// Appends to a stream of its own until it is over, and answers with what was acknowledged.
async fn append_until(over: Arc<AtomicBool>, log: Log, n: u64) -> Vec<(Position, EventId)> {
    let own = stream(&format!("user-{n}"));
    let mut acknowledged = Vec::new();
    for version in 1.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let one = record(log.id(), &own, version);
        let appended = loop {
            match log.append(&own, Version(version - 1), vec![one.clone()]).await {
                Ok(appended) => break appended,
                Err(error) => {
                    assert!(matches!(error, AppendError::Broken(LogError::Unavailable(_))), "{error}");
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        };
        acknowledged.push((appended.last(), one.id));
    }
    acknowledged
}

#[tokio::test]
async fn an_applications_role_appends_and_reads_and_can_do_no_more() {
    let engine = Engine::postgres().await;
    drop(engine.log().await);
    let role = format!("app_{:016x}", random());
    let mut owner = engine.foreign().await;
    owner.execute(&format!("create role {role} login in role evident_log_writer")).await;
    let (_, rest) = engine.url().split_once('@').expect("a user in the URL");
    let url = format!("postgres://{role}@{rest}");
    let log = Log::open(&url).await.expect("opens");
    let user = stream("user-1");
    log.append(&user, Version::NONE, vec![record(log.id(), &user, 1)]).await.expect("appends");
    assert_eq!(log.read_all(Position::START, 10).await.expect("reads").len(), 1);
    let mut application = Foreign::connect(&url).await;
    // The function is the only way in, and what it is told of versions it does not believe.
    for (stream, version) in [("user-1", 3), ("user-2", 2), ("user-2", 0), ("user-1", 1)] {
        let append = format!(
            "select evident_log.append_batch(true, '{{1}}', '{{{stream}}}', '{{{version}}}', array[gen_random_uuid()], '{{x}}',
                '{{}}', '{{}}', '{{}}')"
        );
        application.try_execute(&append).await.expect("an answer");
        let found = log.read_all(Position::START, 10).await.expect("reads").len();
        assert_eq!(found, 1, "{stream} has no place for version {version}");
    }
    for attempt in [
        "insert into evident_log.records values (2, 's', 1, gen_random_uuid(), '')",
        "update evident_log.records set stream = 'x'",
        "delete from evident_log.records",
        "truncate evident_log.records",
        "update evident_log.head set position = 7",
    ] {
        let refused = application.try_execute(attempt).await.expect_err(attempt);
        let code = refused.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned());
        assert_eq!(code.as_deref(), Some("42501"), "{attempt}: {refused}");
    }
}
