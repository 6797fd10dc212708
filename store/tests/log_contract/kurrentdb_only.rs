//! What KurrentDB alone can do to a log, and what it alone does differently.
//!
//! All of it is told to a test server, also when the contract runs on a real one: a real one does not misbehave on demand.

use crate::{
    child::Running,
    engine::Engine,
    kurrent_server::{KurrentServer, free_port},
    records::{Places, record, stream, with_id},
};
use events::{LogId, Position, Version};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;
use store::log::{AppendError, Log, LogError};
use tempfile::TempDir;
use tokio::{net::TcpListener, time::timeout};
use uuid::Uuid;

/// A test server as a process of its own, which can be killed.
struct Process {
    dir: TempDir,
    port: u16,
    running: Option<Running>,
}

impl Process {
    fn new() -> Self {
        let dir = TempDir::new().expect("a folder");
        let port = free_port(dir.path());
        Self { dir, port, running: None }
    }

    fn url(&self) -> String {
        format!("kurrentdb://127.0.0.1:{}?tls=false", self.port)
    }

    fn start(&mut self) {
        let mut running =
            Running::start("serve-kurrentdb", &format!("{} {}", self.port, self.dir.path().display()));
        assert_eq!(running.next_line().as_deref(), Some("serving"));
        self.running = Some(running);
    }

    fn kill(&mut self) {
        self.running.take().expect("it runs").kill();
    }
}

async fn migrated(url: &str) -> Log {
    Log::migrate(url).await.expect("migrates");
    Log::open(url).await.expect("opens")
}

#[tokio::test]
async fn a_tail_and_an_append_outlive_the_servers_death() {
    let mut server = Process::new();
    let before = timeout(Duration::from_secs(11), Log::open(&server.url())).await.expect("refused at once");
    assert!(matches!(before, Err(LogError::Unavailable(_))), "{before:?}");
    server.start();
    let log = migrated(&server.url()).await;
    let user = stream("user-1");
    let first = log.append(&user, Version::NONE, vec![record(log.id(), &user, 1)]).await.expect("appended");
    let mut follower = log.follow(Position::START);
    assert_eq!(follower.next(10).await.expect("read").len(), 1);

    server.kill();
    let second = record(log.id(), &user, 2);
    let away = log.append(&user, Version(1), vec![second.clone()]).await;
    assert!(matches!(away, Err(AppendError::Broken(LogError::Unavailable(_)))), "{away:?}");
    let blind = log.read_all(first.last(), 10).await;
    assert!(matches!(blind, Err(LogError::Unavailable(_))), "{blind:?}");

    server.start();
    let appended = log.append(&user, Version(1), vec![second.clone()]).await.expect("the same again");
    assert!(appended.last() > first.last());
    let live = loop {
        match timeout(Duration::from_secs(60), follower.next(10)).await.expect("in time") {
            Ok(batch) => break batch,
            Err(error) => assert!(matches!(error, LogError::Unavailable(_)), "{error}"),
        }
    };
    assert_eq!(live.into_iter().map(|stored| stored.record).collect::<Vec<_>>(), [second]);

    server.kill();
    server.start();
    let unnoticed = log.append(&user, Version(2), vec![record(log.id(), &user, 3)]).await;
    assert_eq!(unnoticed.expect("a lost connection alone fails nobody").version, Version(3));
    assert_eq!(Places::of(&log).await.count(), 3);
}

#[tokio::test]
async fn migrating_lets_the_group_read_beside_whoever_may() {
    let folder = TempDir::new().expect("a folder");
    let server = KurrentServer::start(folder.path());
    let readers = || -> Value {
        let said: Value = serde_json::from_slice(&server.data("$$$all")).expect("JSON");
        said["$acl"]["$r"].clone()
    };
    for _ in 0..2 {
        Log::migrate(&server.url()).await.expect("migrates");
        assert_eq!(readers(), json!(["$admins", "evident"]));
    }
    let others = json!({"$acl": {"$r": ["$admins", "backup"]}, "theirs": 7});
    server.put("$$$all", &others.to_string().into());
    Log::migrate(&server.url()).await.expect("migrates");
    assert_eq!(readers(), json!(["$admins", "backup", "evident"]));
}

#[tokio::test]
async fn a_server_that_does_not_let_us_say_who_reads_is_migrated_all_the_same() {
    let folder = TempDir::new().expect("a folder");
    let server = KurrentServer::start(folder.path());
    server.forbid("$$$all");
    let log = migrated(&server.url()).await;
    assert_eq!(log.head().await.expect("a head"), Position::START);
}

#[tokio::test]
async fn appends_under_way_when_the_server_dies_are_said_again_and_are_there_once() {
    let mut server = Process::new();
    server.start();
    let log = migrated(&server.url()).await;
    let writers = (0..8).map(|n| {
        let log = log.clone();
        tokio::spawn(async move {
            let own = stream(&format!("user-{n}"));
            for version in (1..=60).step_by(2) {
                let two = vec![record(log.id(), &own, version), record(log.id(), &own, version + 1)];
                while let Err(error) = log.append(&own, Version(version - 1), two.clone()).await {
                    assert!(matches!(error, AppendError::Broken(LogError::Unavailable(_))), "{error}");
                }
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut follower = log.follow(Position::START);
    let mut seen = 0;
    while seen < 100 {
        seen += follower.next(10).await.expect("read").len();
    }
    server.kill();
    server.start();
    for writer in writers {
        writer.await.expect("each was acknowledged");
    }
    assert_eq!(Places::of(&log).await.count(), 480);
    for n in 0..8 {
        let own = log.read_stream(&stream(&format!("user-{n}")), Version::NONE).await.expect("read");
        assert!((1..=60).map(Version).eq(own.iter().map(|stored| stored.record.version)));
    }
}

/// No wall of promises over streams: the server compares ids only where an append would put them.
#[tokio::test]
async fn an_id_that_lies_in_another_stream_goes_unnoticed() {
    let engine = Engine::kurrentdb_of_ours();
    let log = engine.log().await;
    let (user, other) = (stream("user-1"), stream("user-2"));
    let first = record(log.id(), &user, 1);
    log.append(&user, Version::NONE, vec![first.clone()]).await.expect("appended");
    let twin = with_id(log.id(), &other, 1, first.id);
    log.append(&other, Version::NONE, vec![twin]).await.expect("appended too");
    assert_eq!(Places::of(&log).await.count(), 2);
}

#[tokio::test]
async fn what_the_server_refuses_fails_its_own_request_only() {
    let engine = Engine::kurrentdb_of_ours();
    let log = engine.log().await;
    engine.kurrent().poison("evident.user-5");
    let users: Vec<_> = (0..16).map(|n| stream(&format!("user-{n}"))).collect();
    let all = users.iter().map(|user| log.append(user, Version::NONE, vec![record(log.id(), user, 1)]));
    for (n, answer) in join_all(all).await.into_iter().enumerate() {
        let refused = matches!(answer, Err(AppendError::Broken(LogError::Refused(_))));
        assert_eq!(refused, n == 5, "{n}: {answer:?}");
        assert_eq!(answer.is_ok(), n != 5);
    }
    assert_eq!(Places::of(&log).await.count(), 15);
}

#[tokio::test]
async fn a_lost_record_stops_whoever_stands_there_and_whoever_reads_its_stream() {
    let engine = Engine::kurrentdb_of_ours();
    let log = engine.log().await;
    let user = stream("user-1");
    let three = (1..=3).map(|version| record(log.id(), &user, version)).collect();
    let appended = log.append(&user, Version::NONE, three).await.expect("appended");
    let lost = appended.positions[1];
    engine.kurrent().lose(lost.0);
    let stopped = log.read_all(lost, 10).await;
    assert!(matches!(stopped, Err(LogError::NoRecordAt { position }) if position == lost), "{stopped:?}");
    let torn = log.read_stream(&user, Version::NONE).await;
    assert!(
        matches!(torn, Err(LogError::Corrupt { position, .. }) if position == appended.last()),
        "{torn:?}"
    );
}

#[tokio::test]
async fn a_position_where_nothing_lies_is_no_place_to_read_on_from() {
    let engine = Engine::kurrentdb_of_ours();
    let log = engine.log().await;
    let user = stream("user-1");
    let two = (1..=2).map(|version| record(log.id(), &user, version)).collect();
    let [first, second] = log.append(&user, Version::NONE, two).await.expect("appended").positions[..] else {
        panic!("two positions")
    };
    log.append(&user, Version(2), vec![record(log.id(), &user, 3)]).await.expect("appended");
    let between = Position(second.0 + 1);
    let refused = log.read_all(between, 10).await;
    assert!(matches!(refused, Err(LogError::NoRecordAt { position }) if position == between), "{refused:?}");
    assert!(log.read_at(&[between]).await.expect("read").is_empty());
    // Whoever means "from here on" says the number before.
    let from_first = log.read_all(Position(first.0 - 1), 10).await.expect("read");
    assert_eq!(from_first.len(), 3);
}

#[tokio::test]
async fn a_record_of_another_log_stops_the_reader() {
    let engine = Engine::kurrentdb_of_ours();
    let log = engine.log().await;
    let seven = LogId(Uuid::from_u128(7));
    let foreign = record(seven, &stream("user-1"), 1);
    engine.kurrent().put("evident.user-1", foreign.bytes());
    match log.read_all(Position::START, 10).await {
        Err(LogError::OtherLog { expected, found, .. }) => assert_eq!((expected, found), (log.id(), seven)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn two_logs_on_one_server_do_not_see_each_other_nor_what_else_is_there() {
    let engine = Engine::kurrentdb_of_ours();
    let log = engine.log().await;
    let other = migrated(&format!("{}&streamPrefix=other", engine.url())).await;
    assert_ne!(log.id(), other.id());
    engine.kurrent().put("evidently-not", &"{}".into());
    let user = stream("user-1");
    for log in [&log, &other] {
        log.append(&user, Version::NONE, vec![record(log.id(), &user, 1)]).await.expect("appended");
    }
    assert_eq!((Places::of(&log).await.count(), Places::of(&other).await.count()), (1, 1));
}

#[tokio::test]
async fn the_record_lies_whole_in_the_event_and_its_request_beside_it() {
    let engine = Engine::kurrentdb_of_ours();
    let log = engine.log().await;
    let user = stream("user-1");
    log.append(&user, Version::NONE, vec![record(log.id(), &user, 1)]).await.expect("appended");
    let (server, ours) = engine.kurrent().metadata("evident.user-1");
    assert_eq!(server["type"], "test.happened.v1");
    assert_eq!(server["content-type"], "application/json");
    let ours: Value = serde_json::from_slice(&ours).expect("JSON");
    assert_eq!(ours, serde_json::json!({ "$correlationId": "test" }));
}

#[tokio::test]
async fn of_many_who_migrate_at_once_one_names_the_log() {
    let engine = Engine::kurrentdb_of_ours();
    let all = join_all((0..8).map(|_| migrated(engine.url()))).await;
    assert!(all.iter().all(|log| log.id() == all[0].id()));
}

#[tokio::test]
async fn a_server_that_tells_no_positions_with_streams_is_refused() {
    let engine = Engine::kurrentdb_of_ours();
    drop(engine.log().await);
    engine.kurrent().tell_no_positions();
    let refused = Log::open(engine.url()).await.expect_err("refused");
    assert!(refused.to_string().contains("22.10"), "{refused}");
}

#[tokio::test]
async fn a_cluster_is_discovered() {
    let engine = Engine::kurrentdb_of_ours();
    let port = engine.kurrent().port();
    for scheme in ["esdb", "kurrentdb"] {
        let log = migrated(&format!("{scheme}+discover://127.0.0.1:{port}?tls=false")).await;
        assert_eq!(log.head().await.expect("head"), Position::START);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_url_is_said_without_its_password() {
    for url in [
        "esdb://ada:secret@127.0.0.1:port?tls=false",
        "esdb://ada:secret@127.0.0.1:1,?tls=maybe",
        "esdb://ada:secret@127.0.0.1:2113?tls=false&streamPrefix=A.b",
    ] {
        let refused = Log::open(url).await.expect_err("refused");
        assert!(!format!("{refused} {refused:?}").contains("secret"), "{refused:?}");
        assert!(matches!(refused, LogError::Refused(_)), "{refused:?}");
    }
}

#[tokio::test]
async fn a_server_is_reached_over_tls_by_a_user_of_the_url() {
    let dir = TempDir::new().expect("a folder");
    let plain = KurrentServer::start(dir.path());
    let id = migrated(&plain.url()).await.id();
    drop(plain);
    let server = KurrentServer::start_with_tls(dir.path(), "ada", "correct-horse");
    let at = |user: &str| {
        let ca = KurrentServer::certificate();
        format!("esdb://{user}@localhost:{}?tls=true&tlsCaFile={ca}", server.port())
    };
    assert_eq!(Log::open(&at("ada:correct-horse")).await.expect("opens").id(), id);
    let refused = Log::open(&at("ada:wrong")).await.expect_err("refused");
    assert!(matches!(refused, LogError::Refused(_)), "{refused:?}");
    let untrusted =
        Log::open(&format!("esdb://ada:x@localhost:{}", server.port())).await.expect_err("refused");
    assert!(matches!(untrusted, LogError::Unavailable(_)), "{untrusted:?}");
}

/// Two clients bring TLS of their own into one process. Neither may find the other's choice of cryptography and panic.
#[tokio::test]
async fn tls_to_both_servers_works_in_one_process_whichever_comes_first() {
    let dir = TempDir::new().expect("a folder");
    let plain = KurrentServer::start(dir.path());
    drop(migrated(&plain.url()).await);
    drop(plain);
    let server = KurrentServer::start_with_tls(dir.path(), "ada", "secret");
    let ca = KurrentServer::certificate();
    let kurrent = format!("esdb://ada:secret@localhost:{}?tls=true&tlsCaFile={ca}", server.port());
    // It agrees to TLS as a PostgreSQL would, and then hangs up on the handshake.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let postgres = format!("postgres://u@{}/x?sslmode=require", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut asked = [0; 8];
            let _gone = socket.read_exact(&mut asked).await;
            let _gone = socket.write_all(b"S").await;
            let mut hello = [0; 5];
            assert_eq!(socket.read_exact(&mut hello).await.map(|_| hello[0]).ok(), Some(0x16), "a handshake");
        }
    });
    for (urls, first, second) in [
        (format!("{kurrent} {postgres}"), "opened", "refused"),
        (format!("{postgres} {kurrent}"), "refused", "opened"),
    ] {
        let said = tokio::task::spawn_blocking(move || {
            let mut child = Running::start("open-both", &urls);
            [child.next_line(), child.next_line()]
        });
        let [one, two] = said.await.expect("it ran");
        assert!(one.as_deref().is_some_and(|said| said.starts_with(first)), "{one:?}");
        assert!(two.as_deref().is_some_and(|said| said.starts_with(second)), "{two:?}");
    }
}
