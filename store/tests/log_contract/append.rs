//! Appending.

use crate::{
    engine::Engine,
    records::{Places, record, sized, stream, timed, with_id},
};
use events::{LogId, MAX_RECORD_BYTES, Position, Record, StreamName, Version};
use futures_util::future::join_all;
use store::log::{AppendError, Appended, Guard, LogError, MAX_APPEND_RECORDS};

pub(crate) async fn records_come_back_byte_for_byte(engine: Engine) {
    let log = engine.log().await;
    let user = stream("user-1");
    let records: Vec<Record> = (1..=3).map(|version| sized(log.id(), &user, version, 300)).collect();
    let appended = log.append(&user, Version::NONE, records.clone()).await.expect("appended");
    let places = Places::of(&log).await;
    assert_eq!(
        appended,
        Appended {
            positions: vec![1, 2, 3].into_iter().map(|n| places.at(n)).collect(),
            version: Version(3)
        }
    );
    assert_eq!(appended.last(), places.at(3));
    let read = log.read_all(Position::START, 10).await.expect("read");
    assert_eq!(
        read.iter().map(|stored| &stored.record).collect::<Vec<_>>(),
        records.iter().collect::<Vec<_>>()
    );
}

pub(crate) async fn an_expected_version_that_is_not_the_streams_is_stale_and_says_the_one_it_is(
    engine: Engine,
) {
    let log = engine.log().await;
    let user = stream("user-1");
    let both = vec![record(log.id(), &user, 1), record(log.id(), &user, 2)];
    log.append(&user, Version::NONE, both).await.expect("appended");
    for expected in [Version::NONE, Version(1), Version(3)] {
        let late = record(log.id(), &user, expected.0 + 1);
        match log.append(&user, expected, vec![late]).await {
            Err(AppendError::Stale { actual: Version(2), expected: said, .. }) => assert_eq!(said, expected),
            other => panic!("at {expected}: {other:?}"),
        }
    }
    assert_eq!(Places::of(&log).await.count(), 2);
}

pub(crate) async fn nothing_is_not_appended(engine: Engine) {
    let log = engine.log().await;
    assert!(matches!(log.append(&stream("user-1"), Version::NONE, vec![]).await, Err(AppendError::Empty)));
}

pub(crate) async fn too_many_records_in_one_append_are_refused(engine: Engine) {
    let log = engine.log().await;
    let user = stream("user-1");
    let mut records: Vec<Record> =
        (1..=MAX_APPEND_RECORDS as u64 + 1).map(|version| record(log.id(), &user, version)).collect();
    let refused = log.append(&user, Version::NONE, records.clone()).await;
    assert!(matches!(refused, Err(AppendError::TooMany { .. })));
    records.pop();
    let appended = log.append(&user, Version::NONE, records).await.expect("as many as may be");
    assert_eq!(appended.version, Version(MAX_APPEND_RECORDS as u64));
}

pub(crate) async fn a_record_made_for_elsewhere_is_refused(engine: Engine) {
    let log = engine.log().await;
    let user = stream("user-1");
    let other_log = record(LogId(uuid::Uuid::from_u128(7)), &user, 1);
    let other_stream = record(log.id(), &stream("user-2"), 1);
    let other_version = record(log.id(), &user, 2);
    for misfit in [other_log, other_stream, other_version] {
        let refused = log.append(&user, Version::NONE, vec![misfit]).await;
        assert!(matches!(refused, Err(AppendError::Misfit { .. })), "{refused:?}");
    }
    assert_eq!(Places::of(&log).await.count(), 0);
}

pub(crate) async fn of_many_appends_at_one_version_one_wins(engine: Engine) {
    let (here, there) = (engine.log().await, engine.reopen().await);
    let user = stream("user-1");
    let rivals = (0..16).map(|n| {
        let log = if n % 2 == 0 { &here } else { &there };
        log.append(&user, Version::NONE, vec![record(here.id(), &user, 1)])
    });
    let answers = join_all(rivals).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let stale = |answer: &Result<_, _>| matches!(answer, Err(AppendError::Stale { actual: Version(1), .. }));
    assert_eq!(answers.iter().filter(|answer| stale(answer)).count(), 15);
}

pub(crate) async fn the_same_records_again_get_the_first_answer_and_add_nothing(engine: Engine) {
    let log = engine.log().await;
    let (user, other) = (stream("user-1"), stream("user-2"));
    let first = vec![record(log.id(), &user, 1), record(log.id(), &user, 2)];
    let answer = log.append(&user, Version::NONE, first.clone()).await.expect("appended");
    assert_eq!(log.append(&user, Version::NONE, first.clone()).await.expect("again"), answer);
    log.append(&other, Version::NONE, vec![record(log.id(), &other, 1)]).await.expect("elsewhere");
    log.append(&user, Version(2), vec![record(log.id(), &user, 3)]).await.expect("later");
    assert_eq!(log.append(&user, Version::NONE, first.clone()).await.expect("later again"), answer);
    let one = log.append(&user, Version(1), vec![first[1].clone()]).await.expect("the second of them alone");
    assert_eq!(Places::of(&log).await.numbers(&one.positions), [2]);
    assert_eq!(Places::of(&log).await.count(), 4);
}

pub(crate) async fn the_same_records_twice_in_one_batch_are_there_once(engine: Engine) {
    let log = engine.log().await;
    let user = stream("user-1");
    let one = record(log.id(), &user, 1);
    let twice = (0..2).map(|_| log.append(&user, Version::NONE, vec![one.clone()]));
    for answer in join_all(twice).await {
        let places = Places::of(&log).await;
        assert_eq!(answer.expect("appended").positions, [places.at(1)]);
        assert_eq!(places.count(), 1);
    }
}

pub(crate) async fn records_that_are_there_in_part_are_refused(engine: Engine) {
    let log = engine.log().await;
    let user = stream("user-1");
    let first = record(log.id(), &user, 1);
    log.append(&user, Version::NONE, vec![first.clone()]).await.expect("appended");
    let overlap = vec![first.clone(), record(log.id(), &user, 2)];
    match log.append(&user, Version::NONE, overlap).await {
        Err(AppendError::IdReused { id }) => assert_eq!(id, first.id),
        other => panic!("{other:?}"),
    }
    assert_eq!(Places::of(&log).await.count(), 1);
}

pub(crate) async fn an_id_that_lies_in_another_stream_is_refused(engine: Engine) {
    let log = engine.log().await;
    let (user, other, third) = (stream("user-1"), stream("user-2"), stream("user-3"));
    let first = record(log.id(), &user, 1);
    log.append(&user, Version::NONE, vec![first.clone()]).await.expect("appended");
    let thief = with_id(log.id(), &other, 1, first.id);
    let (refused, neighbour) = tokio::join!(
        log.append(&other, Version::NONE, vec![thief]),
        log.append(&third, Version::NONE, vec![record(log.id(), &third, 1)]),
    );
    assert!(matches!(refused, Err(AppendError::IdReused { id }) if id == first.id), "{refused:?}");
    assert_eq!(Places::of(&log).await.numbers(&neighbour.expect("appended").positions), [2]);
}

pub(crate) async fn one_id_twice_in_an_append_is_refused(engine: Engine) {
    let log = engine.log().await;
    let user = stream("user-1");
    let twins = record(log.id(), &user, 1);
    let twins = vec![twins.clone(), with_id(log.id(), &user, 2, twins.id)];
    let refused = log.append(&user, Version::NONE, twins).await;
    assert!(matches!(refused, Err(AppendError::IdReused { .. })), "{refused:?}");
}

pub(crate) async fn a_conflict_fails_its_own_request_only(engine: Engine) {
    let log = engine.log().await;
    let users: Vec<_> = (0..20).map(|n| stream(&format!("user-{n}"))).collect();
    log.append(&users[7], Version::NONE, vec![record(log.id(), &users[7], 1)]).await.expect("appended");
    let all = users.iter().map(|user| log.append(user, Version::NONE, vec![record(log.id(), user, 1)]));
    let mut numbers = Vec::new();
    let answers = join_all(all).await;
    let places = Places::of(&log).await;
    for (n, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(appended) => numbers.extend(places.numbers(&appended.positions)),
            Err(AppendError::Stale { actual: Version(1), .. }) => assert_eq!(n, 7),
            Err(other) => panic!("{other}"),
        }
    }
    // Engines that commit a batch whole also keep its order over streams.
    if !log.positions_are_dense() {
        numbers.sort_unstable();
    }
    assert_eq!(numbers, (2..=20).collect::<Vec<_>>());
    assert_eq!(places.count(), 20);
}

pub(crate) async fn appends_to_one_stream_in_one_batch_see_each_other(engine: Engine) {
    let log = engine.log().await;
    let user = stream("user-1");
    let versions = [0, 1, 1, 5, 2].map(Version);
    let all = versions.map(|at| log.append(&user, at, vec![record(log.id(), &user, at.0 + 1)]));
    let answers = join_all(all).await;
    let places = Places::of(&log).await;
    let actual = |answer: &Result<Appended, AppendError>| match answer {
        Ok(appended) => Ok(places.nth(appended.last())),
        Err(AppendError::Stale { actual, .. }) => Err(*actual),
        Err(other) => panic!("{other}"),
    };
    let said: Vec<_> = answers.iter().map(actual).collect();
    assert_eq!(said, [Ok(1), Ok(2), Err(Version(2)), Err(Version(2)), Ok(3)]);
}

pub(crate) async fn what_the_engine_refuses_fails_its_own_request_only(engine: Engine) {
    let log = engine.log().await;
    let poisoned = engine.say(
        "create trigger poison before insert on records when new.stream = 'user-5'
         begin select raise(abort, 'poison'); end",
        "alter table evident_log.records add constraint poison check (stream <> 'user-5')",
    );
    engine.foreign().await.execute(poisoned).await;
    let users: Vec<_> = (0..16).map(|n| stream(&format!("user-{n}"))).collect();
    let all = users.iter().map(|user| log.append(user, Version::NONE, vec![record(log.id(), user, 1)]));
    for (n, answer) in join_all(all).await.into_iter().enumerate() {
        let refused = matches!(answer, Err(AppendError::Broken(LogError::Refused(_))));
        assert_eq!(refused, n == 5, "{n}: {answer:?}");
        assert_eq!(answer.is_ok(), n != 5);
    }
    assert_eq!(log.read_all(Position::START, 100).await.expect("dense").len(), 15);
}

pub(crate) async fn large_records_and_long_names_are_kept(engine: Engine) {
    let log = engine.log().await;
    let long = stream(&"ü".repeat(100));
    let frame = record(log.id(), &long, 1).bytes().len();
    let large = sized(log.id(), &long, 1, (MAX_RECORD_BYTES - frame) / 3 * 3);
    assert!(large.bytes().len() > MAX_RECORD_BYTES - 3);
    log.append(&long, Version::NONE, vec![large.clone()]).await.expect("appended");
    assert_eq!(log.read_last(&long).await.expect("read").expect("there").record, large);
    let mut oversize = large.bytes().to_vec();
    oversize.extend([b' '; 4]);
    assert!(Record::parse(oversize.into()).is_err(), "what is too large never becomes a record");
}

pub(crate) async fn clocks_play_no_part_in_order(engine: Engine) {
    let log = engine.log().await;
    let user = stream("user-1");
    for (version, year) in (1..).zip(["2030", "1999", "2026", "2001"]) {
        let claimed = timed(log.id(), &user, version, &format!("{year}-01-01T00:00:00.000000Z"));
        log.append(&user, Version(version - 1), vec![claimed]).await.expect("appended");
    }
    let read = log.read_all(Position::START, 10).await.expect("read");
    assert_eq!(read.iter().map(|stored| stored.record.version.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

pub(crate) async fn a_closed_log_has_committed_what_it_took_and_takes_no_more(engine: Engine) {
    let log = engine.log().await;
    let users: Vec<_> = (0..50).map(|n| stream(&format!("user-{n}"))).collect();
    let all =
        join_all(users.iter().map(|user| log.append(user, Version::NONE, vec![record(log.id(), user, 1)])));
    let (answers, ()) = tokio::join!(all, log.close());
    assert!(answers.iter().all(Result::is_ok));
    let late = log.append(&users[0], Version(1), vec![record(log.id(), &users[0], 2)]).await;
    assert!(matches!(late, Err(AppendError::Broken(LogError::Closed))), "{late:?}");
    assert_eq!(Places::of(&engine.reopen().await).await.count(), 50);
}

pub(crate) async fn nobody_changes_or_removes_a_record(engine: Engine) {
    let log = engine.log().await;
    let user = stream("user-1");
    log.append(&user, Version::NONE, vec![record(log.id(), &user, 1)]).await.expect("appended");
    let mut owner = engine.foreign().await;
    for attempt in [
        engine.say("update records set stream = 'x'", "update evident_log.records set stream = 'x'"),
        engine.say("delete from records", "delete from evident_log.records"),
        engine.say("delete from records where position = 1", "truncate evident_log.records"),
        engine.say("update log set log_id = randomblob(16)", "delete from evident_log.head"),
        engine.say("delete from log", "truncate evident_log.head"),
    ] {
        assert!(owner.try_execute(attempt).await.is_err(), "{attempt}");
    }
    assert_eq!(Places::of(&log).await.count(), 1);
}

fn guard(stream: &StreamName, version: u64) -> Guard {
    Guard { stream: stream.clone(), version: Version(version) }
}

pub(crate) async fn what_was_decided_from_a_stream_that_has_moved_is_refused(engine: Engine) {
    let (here, there) = (engine.log().await, engine.reopen().await);
    let (admin, nobody) = (stream("user-1"), stream("user-2"));
    here.append(&admin, Version::NONE, vec![record(here.id(), &admin, 1)]).await.expect("appended");
    let decided = |version: u64| {
        let user = stream(&format!("user-1{version}"));
        let (log, record) = (here.clone(), record(here.id(), &user, 1));
        let guards = vec![guard(&admin, version), guard(&nobody, 0)];
        async move { log.append_guarded(&user, Version::NONE, guards, vec![record]).await }
    };
    assert!(matches!(decided(0).await, Err(AppendError::Moved { .. })));
    assert!(matches!(decided(2).await, Err(AppendError::Moved { .. })));
    assert!(decided(1).await.is_ok());
    there.append(&admin, Version(1), vec![record(here.id(), &admin, 2)]).await.expect("moved on");
    assert!(matches!(decided(1).await, Err(AppendError::Moved { .. })), "also what is there already");
    assert_eq!(Places::of(&here).await.count(), 3);
}

pub(crate) async fn a_guard_that_does_not_hold_fails_its_own_request_only(engine: Engine) {
    let log = engine.log().await;
    let admin = stream("user-1");
    log.append(&admin, Version::NONE, vec![record(log.id(), &admin, 1)]).await.expect("appended");
    let many = (0..60_u64).map(|n| {
        let (log, user) = (log.clone(), stream(&format!("user-9{n}")));
        let record = record(log.id(), &user, 1);
        let guards = vec![guard(&admin, 1 + n % 3)];
        async move { log.append_guarded(&user, Version::NONE, guards, vec![record]).await }
    });
    for (n, answer) in join_all(many).await.into_iter().enumerate() {
        match (n % 3, answer) {
            (0, Ok(_)) | (1 | 2, Err(AppendError::Moved { .. })) => {}
            (_, other) => panic!("request {n}: {other:?}"),
        }
    }
    assert_eq!(Places::of(&log).await.count(), 21);
}

/// Of two processes and in one batch alike: whatever comes behind a guarded stream's next record was decided with it.
pub(crate) async fn nothing_is_appended_behind_what_its_guard_forbids(engine: Engine) {
    let (here, there) = (engine.log().await, engine.reopen().await);
    for round in 0..40_u64 {
        let admin = stream(&format!("user-a{round}"));
        let privileged = |n: u64| {
            let log = if n.is_multiple_of(2) { here.clone() } else { there.clone() };
            let (user, guards) = (stream(&format!("user-b{round}-{n}")), vec![guard(&admin, 0)]);
            let record = record(log.id(), &user, 1);
            async move { log.append_guarded(&user, Version::NONE, guards, vec![record]).await }
        };
        let revocation = record(here.id(), &admin, 1);
        let before = join_all((0..8).map(privileged));
        let after = join_all((8..16).map(privileged));
        let revoke = here.append(&admin, Version::NONE, vec![revocation]);
        let (before, revoked, after) = tokio::join!(before, revoke, after);
        let revoked = revoked.expect("revoked").last();
        for answer in before.into_iter().chain(after) {
            match answer {
                Ok(appended) => assert!(appended.last() < revoked, "{appended:?} behind {revoked:?}"),
                Err(AppendError::Moved { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
    }
}

pub(crate) async fn too_many_guards_are_refused(engine: Engine) {
    let log = engine.log().await;
    let user = stream("user-1");
    let guards: Vec<Guard> = (0..101).map(|n| guard(&stream(&format!("role-{n}")), 0)).collect();
    let record = record(log.id(), &user, 1);
    let refused = log.append_guarded(&user, Version::NONE, guards, vec![record]).await;
    assert!(matches!(refused, Err(AppendError::TooManyGuards { count: 101 })));
}
