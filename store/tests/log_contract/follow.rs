//! Following.

use crate::{
    engine::Engine,
    records::{Places, record, retold, stream},
};
use events::{Position, Version};
use std::time::Duration;
use store::log::{Follower, Log, LogError};
use tokio::time::timeout;

/// Appends this many records to one stream, each with a transaction of its own.
async fn append(log: &Log, name: &str, count: u64) {
    let name = stream(name);
    for version in 1..=count {
        let one = vec![record(log.id(), &name, version)];
        log.append(&name, Version(version - 1), one).await.expect("appended");
    }
}

/// Reads so many records or more; the log asserts by itself that each is the next.
async fn read(follower: &mut Follower, at_least: u64) -> u64 {
    let mut count = 0;
    while count < at_least {
        let batch = timeout(Duration::from_secs(60), follower.next(7)).await.expect("in time").expect("read");
        count += batch.len() as u64;
    }
    count
}

pub(crate) async fn a_follower_catches_up_and_goes_live_without_loss_or_repeat(engine: Engine) {
    let log = engine.log().await;
    append(&log, "user-1", 40).await;
    let mut follower = log.follow(Places::of(&log).await.at(10));
    let (count, ()) = tokio::join!(read(&mut follower, 70), append(&log, "user-2", 40));
    assert_eq!(count, 70);
    assert_eq!(follower.position(), Places::of(&log).await.at(80));
}

pub(crate) async fn a_follower_sees_what_another_process_appends(engine: Engine) {
    let (log, elsewhere) = (engine.log().await, engine.reopen().await);
    let mut follower = log.follow(Position::START);
    let (count, ()) = tokio::join!(read(&mut follower, 20), append(&elsewhere, "user-1", 20));
    assert_eq!(count, 20);
}

pub(crate) async fn a_follower_is_never_handed_more_than_it_asked_for(engine: Engine) {
    let log = engine.log().await;
    append(&log, "user-1", 20).await;
    let mut follower = log.follow(Position::START);
    for expected in [8, 8, 4] {
        assert_eq!(follower.next(8).await.expect("read").len(), expected);
    }
}

pub(crate) async fn a_follower_ahead_of_the_log_is_told(engine: Engine) {
    let log = engine.log().await;
    append(&log, "user-1", 2).await;
    let places = Places::of(&log).await;
    let told = timeout(Duration::from_secs(60), log.follow(places.at(3)).next(10)).await.expect("in time");
    let behind = matches!(told, Err(LogError::Behind { head, after }) if head == places.at(2) && after == places.at(3));
    assert!(behind, "{told:?}");
}

/// On SQLite the foreign transaction holds the file's only write lock: readers go on, and appends wait for it.
pub(crate) async fn a_foreign_write_transaction_does_not_stop_the_tail(engine: Engine) {
    let log = engine.log().await;
    append(&log, "user-1", 5).await;
    let mut foreign = engine.foreign().await;
    foreign.execute("create table elsewhere (number integer)").await;
    foreign.execute(engine.say("begin immediate", "begin")).await;
    foreign.execute("insert into elsewhere values (1)").await;
    let mut follower = log.follow(Position::START);
    assert_eq!(read(&mut follower, 5).await, 5);
    match engine {
        Engine::Sqlite { .. } => {
            let (count, (), ()) =
                tokio::join!(read(&mut follower, 5), append(&log, "user-2", 5), foreign.execute("commit"));
            assert_eq!(count, 5);
        }
        Engine::Kurrentdb { .. } => panic!("KurrentDB knows no transactions of others"),
        Engine::Postgres { .. } => {
            append(&log, "user-2", 5).await;
            assert_eq!(read(&mut follower, 5).await, 5);
            foreign.execute("commit").await;
        }
    }
}

/// A command that is repeated writes its record anew, and the log keeps the first. So do followers, also of the process
/// that appended the second.
pub(crate) async fn a_follower_is_handed_what_the_log_holds_of_what_was_said_twice(engine: Engine) {
    let (log, user, other) = (engine.log().await, stream("user-1"), stream("user-2"));
    let elsewhere = engine.reopen().await;
    let first = record(log.id(), &user, 1);
    log.append(&user, Version::NONE, vec![first.clone()]).await.expect("appended");
    for log in [&log, &elsewhere] {
        let again = retold(log.id(), &user, 1, first.id);
        assert_ne!(again.bytes(), first.bytes());
        log.append(&user, Version::NONE, vec![again]).await.expect("said before");
    }
    let last = record(log.id(), &other, 1);
    elsewhere.append(&other, Version::NONE, vec![last.clone()]).await.expect("appended");
    for log in [log, elsewhere] {
        let mut follower = log.follow(Position::START);
        let mut handed = Vec::new();
        while handed.len() < 2 {
            handed.extend(follower.next(10).await.expect("followed").into_iter().map(|stored| stored.record));
        }
        assert_eq!(handed, [first.clone(), last.clone()]);
    }
}
