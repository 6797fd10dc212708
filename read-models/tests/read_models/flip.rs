//! Other tables become the live ones.

use crate::{
    history::{History, user},
    world::{World, on_both},
};
use events::Position;
use read_models::{FlipError, ReadModels, UserFilter, UserSort};
use sqlx::{Connection, PgConnection, query, query_scalar};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

fn people(from: u128, to: u128) -> History {
    let mut history = History::new();
    (from..to).for_each(|number| _ = history.registered(number, &format!("{number}@example.org"), None));
    history
}

async fn scratch(world: &World, history: &History) -> ReadModels {
    let scratch = ReadModels::open_scratch(&world.url).await.expect("a scratch can be made");
    scratch.apply(Position::START, history.log, &history.events).await.expect("it is applied");
    scratch
}

#[tokio::test]
async fn a_flip_shows_the_other_tables_and_keeps_the_way_back() {
    on_both(async |world| {
        let (old, new) = (people(0, 5), people(100, 105));
        world.given(&old).await;
        let scratch = scratch(world, &new).await;
        world.models.flip(&scratch).await.expect("it flips");
        let shown = world.models.user(user(100)).await.expect("the table answers");
        assert!(shown.value.is_some());
        assert!(world.models.user(user(0)).await.expect("the table answers").value.is_none());

        let previous = ReadModels::open_previous(&world.url).await.expect("it answers").expect("it is there");
        assert!(previous.user(user(0)).await.expect("the table answers").value.is_some());
        world.models.flip(&previous).await.expect("it flips back");
        assert!(world.models.user(user(0)).await.expect("the table answers").value.is_some());
        let previous = ReadModels::open_previous(&world.url).await.expect("it answers").expect("it is there");
        assert!(previous.user(user(100)).await.expect("the table answers").value.is_some());
        previous.close().await;
        let again = ReadModels::open(&world.url).await.expect("they open");
        assert!(again.user(user(0)).await.expect("the table answers").value.is_some());
        again.close().await;
    })
    .await;
}

#[tokio::test]
async fn tables_that_are_behind_are_not_shown() {
    on_both(async |world| {
        world.given(&people(0, 5)).await;
        let scratch = scratch(world, &people(0, 4)).await;
        let refused = world.models.flip(&scratch).await;
        let behind = matches!(refused, Err(FlipError::Behind { position: Position(4), live: Position(5) }));
        assert!(behind, "{refused:?}");
        let rest = people(0, 5);
        scratch.apply(Position(4), rest.log, &rest.events[4..]).await.expect("it goes on applying");
        world.models.flip(&scratch).await.expect("it flips");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_never_notice_a_flip() {
    on_both(async |world| {
        // Every world has 20 people whose numbers tell it, and as many events.
        world.given(&people(0, 20)).await;
        let stop = Arc::new(AtomicBool::new(false));
        let answers = Arc::new(AtomicU64::new(0));
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let (models, stop, answers) = (world.models.clone(), stop.clone(), answers.clone());
                tokio::spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        read_one_world(&models).await;
                        answers.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for round in 1..=5 {
            let scratch = scratch(world, &people(round * 100, round * 100 + 20 + round)).await;
            let before = answers.load(Ordering::Relaxed);
            world.models.flip(&scratch).await.expect("it flips");
            while answers.load(Ordering::Relaxed) < before + 20 {
                assert!(!readers.iter().any(|reader| reader.is_finished()), "a reader noticed");
                tokio::task::yield_now().await;
            }
        }
        stop.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.await.expect("no reader noticed");
        }
    })
    .await;
}

/// A statement finds its tables one after the other. This reader takes its time between two of them.
#[tokio::test]
async fn a_flip_waits_for_a_reader_that_is_between_two_tables() {
    let world = World::postgres().await;
    world.given(&people(0, 20)).await;
    let scratch = scratch(&world, &people(100, 121)).await;
    let mut reader = PgConnection::connect(&world.url).await.expect("the server answers");
    query("set search_path to evident_read").execute(&mut reader).await.expect("it is set");
    query("begin").execute(&mut reader).await.expect("it begins");
    query("select count(*) from users").execute(&mut reader).await.expect("it finds the first table");

    let live = world.models.clone();
    let flip = tokio::spawn(async move { live.flip(&scratch).await });
    let waiting = "select exists (select 1 from pg_locks l join pg_database d on d.oid = l.database
        where not l.granted and d.datname = current_database())";
    while !query_scalar::<_, bool>(waiting).fetch_one(&mut reader).await.expect("it answers") {
        assert!(!flip.is_finished(), "the flip did not wait");
        tokio::task::yield_now().await;
    }
    let position = query_scalar::<_, i64>("select position from checkpoint").fetch_one(&mut reader).await;
    assert_eq!(position.expect("it finds the second table"), 20, "of the same world");
    query("commit").execute(&mut reader).await.expect("it commits");
    flip.await.expect("it does not panic").expect("it flips");
    let position = query_scalar::<_, i64>("select position from checkpoint").fetch_one(&mut reader).await;
    assert_eq!(position.expect("the prepared statement goes on"), 21);
}

/// All rows, their number and the position must be of one and the same world.
async fn read_one_world(models: &ReadModels) {
    let all = models.users(&UserFilter::default(), UserSort::OldestFirst, None, 200).await;
    let all = all.expect("a reader never gets an error");
    let worlds: std::collections::BTreeSet<u128> =
        all.value.iter().map(|row| (row.user_id.0.as_u128() - user(0).0.as_u128()) / 100).collect();
    assert_eq!(worlds.len(), 1, "rows of two worlds");
    let round = worlds.first().copied().unwrap_or_default();
    assert_eq!(all.value.len() as u128, 20 + round);
    assert_eq!(u128::from(all.position.0), 20 + round);
}
