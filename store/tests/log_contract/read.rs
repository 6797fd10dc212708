//! Reading, and opening what is to be read.

use crate::{
    engine::Engine,
    records::{Places, record, stream},
};
use events::{LogId, Position, Version};
use store::log::{Log, LogError, Stored};
use uuid::Uuid;

/// A log with this many records, spread over three streams.
async fn filled(engine: &Engine, count: u64) -> Log {
    let log = engine.log().await;
    for n in 0..count {
        let user = stream(&format!("user-{}", n % 3));
        let at = Version(n / 3);
        log.append(&user, at, vec![record(log.id(), &user, at.0 + 1)]).await.expect("appended");
    }
    log
}

/// Which of the log's records these are.
async fn numbers(log: &Log, read: &[Stored]) -> Vec<u64> {
    Places::of(log).await.numbers(read.iter().map(|stored| &stored.position))
}

pub(crate) async fn a_stream_is_read_after_a_version(engine: Engine) {
    let log = filled(&engine, 9).await;
    let user = stream("user-1");
    assert_eq!(numbers(&log, &log.read_stream(&user, Version::NONE).await.expect("read")).await, [2, 5, 8]);
    assert_eq!(numbers(&log, &log.read_stream(&user, Version(1)).await.expect("read")).await, [5, 8]);
    assert_eq!(numbers(&log, &log.read_stream(&user, Version(3)).await.expect("read")).await, [0; 0]);
    let last = log.read_last(&user).await.expect("read").expect("there");
    assert_eq!(last.position, Places::of(&log).await.at(8));
}

pub(crate) async fn a_missing_stream_is_empty(engine: Engine) {
    let log = filled(&engine, 3).await;
    let nobody = stream("user-9");
    assert!(log.read_stream(&nobody, Version::NONE).await.expect("read").is_empty());
    assert_eq!(log.read_last(&nobody).await.expect("read"), None);
}

pub(crate) async fn the_whole_log_is_read_in_pages_from_anywhere(engine: Engine) {
    let log = filled(&engine, 10).await;
    let places = Places::of(&log).await;
    let from = |nth| places.at(nth);
    assert_eq!(numbers(&log, &log.read_all(Position::START, 4).await.expect("read")).await, [1, 2, 3, 4]);
    assert_eq!(numbers(&log, &log.read_all(from(4), 4).await.expect("read")).await, [5, 6, 7, 8]);
    assert_eq!(numbers(&log, &log.read_all(from(8), 4).await.expect("read")).await, [9, 10]);
    assert_eq!(numbers(&log, &log.read_all(from(10), 4).await.expect("read")).await, [0; 0]);
    assert_eq!(
        numbers(&log, &log.read_all(Position(u64::MAX), usize::MAX).await.expect("read")).await,
        [0; 0]
    );
}

pub(crate) async fn records_are_read_at_their_positions(engine: Engine) {
    let log = filled(&engine, 6).await;
    let places = Places::of(&log).await;
    let asked = [5, 2, 99].map(|nth| places.at(nth));
    assert_eq!(numbers(&log, &log.read_at(&asked).await.expect("read")).await, [2, 5]);
    assert!(log.read_at(&[]).await.expect("read").is_empty());
}

pub(crate) async fn the_head_is_never_behind_an_acknowledged_position(engine: Engine) {
    let (log, elsewhere) = (engine.log().await, engine.reopen().await);
    let user = stream("user-1");
    assert_eq!(log.head().await.expect("head"), Position::START);
    for version in 1..=20 {
        let one = vec![record(log.id(), &user, version)];
        let appended = log.append(&user, Version(version - 1), one).await.expect("appended");
        assert!(elsewhere.head().await.expect("head") >= appended.last());
    }
}

pub(crate) async fn a_gap_stops_the_reader(engine: Engine) {
    let log = filled(&engine, 3).await;
    let lose = engine.say(
        "drop trigger records_stay; delete from records where position = 2",
        "alter table evident_log.records disable trigger records_only_grow;
         delete from evident_log.records where position = 2",
    );
    engine.foreign().await.execute(lose).await;
    for after in [Position::START, Position(1)] {
        let stopped = log.read_all(after, 10).await;
        let gap = matches!(stopped, Err(LogError::Gap { expected: Position(2), found: Position(3) }));
        assert!(gap, "{stopped:?}");
    }
}

pub(crate) async fn a_record_of_another_log_stops_the_reader(engine: Engine) {
    let log = filled(&engine, 2).await;
    let rename = engine.say(
        "drop trigger log_never_changes; update log set log_id = unhex('00000000000000000000000000000007')",
        "update evident_log.head set log_id = '00000000-0000-0000-0000-000000000007'",
    );
    engine.foreign().await.execute(rename).await;
    let renamed = engine.reopen().await;
    let seven = LogId(Uuid::from_u128(7));
    assert_eq!(renamed.id(), seven);
    match renamed.read_all(Position::START, 10).await {
        Err(LogError::OtherLog { position: Position(1), expected, found }) => {
            assert_eq!((expected, found), (seven, log.id()));
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn a_record_that_lies_where_it_was_not_written_for_stops_the_reader(engine: Engine) {
    let log = filled(&engine, 2).await;
    let (unguarded, records) = (
        engine.say(
            "drop trigger records_never_change",
            "alter table evident_log.records disable trigger records_only_grow",
        ),
        engine.say("records", "evident_log.records"),
    );
    let mut foreign = engine.foreign().await;
    foreign.execute(unguarded).await;
    for (at, moved) in [(1, "stream = 'user-x'"), (2, "version = 7")] {
        foreign.execute(&format!("update {records} set {moved} where position = {at}")).await;
        let stopped = log.read_at(&[Position(at)]).await;
        let corrupt = matches!(stopped, Err(LogError::Corrupt { position, .. }) if position == Position(at));
        assert!(corrupt, "{moved}: {stopped:?}");
    }
}

pub(crate) async fn a_log_that_is_not_migrated_is_refused(engine: Engine) {
    let refused = Log::open(engine.url()).await;
    assert!(matches!(refused, Err(LogError::NotMigrated)), "{refused:?}");
    let unknown = Log::open("mysql://root:secret@localhost/log").await.expect_err("no such engine");
    assert!(!unknown.to_string().contains("secret"), "{unknown}");
}

pub(crate) async fn migrating_again_keeps_the_log(engine: Engine) {
    let log = filled(&engine, 3).await;
    Log::migrate(engine.url()).await.expect("again");
    let reopened = engine.reopen().await;
    assert_eq!((reopened.id(), Places::of(&reopened).await.count()), (log.id(), 3));
}
