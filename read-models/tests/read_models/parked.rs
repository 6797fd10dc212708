//! Events that cannot be applied.

use crate::{
    history::{History, session, user},
    world::on_both,
};
use events::{Fact, Position, StreamName};
use read_models::{ApplyError, ReadModels, Retried};

#[tokio::test]
async fn an_unreadable_event_parks_its_stream_and_stops_nobody_else() {
    on_both(async |world| {
        let mut history = History::new();
        history.registered(1, "ada@example.org", None);
        history.then_unknown(StreamName::user(user(1)));
        history.renamed(1, "ada@example.net", None);
        history.registered(2, "bob@example.org", None);
        world.given(&history).await;
        history.renamed(1, "ada@example.com", None);
        world.given_after(&history, 4).await;

        let parked = world.models.parked().await.expect("the table answers");
        let [parked] = parked.value.try_into().expect("one stream waits");
        assert_eq!(parked.stream, StreamName::user(user(1)));
        assert_eq!((parked.position, parked.waiting), (Position(2), 3));
        assert_eq!(parked.event_type, "user.levitated.v9");
        assert!(parked.reason.contains("user.levitated.v9"), "{}", parked.reason);
        let ada = world.models.user(user(1)).await.expect("the table answers").value.expect("she is there");
        assert_eq!(ada.email.as_deref(), Some("ada@example.org"));
        assert!(world.models.user(user(2)).await.expect("the table answers").value.is_some());
        let all = world.models.audit(&Default::default(), 10).await.expect("the table answers").value;
        assert_eq!(all.len(), 5, "what waits is listed all the same");
    })
    .await;
}

#[tokio::test]
async fn a_fact_that_cannot_follow_parks_its_stream() {
    on_both(async |world| {
        let mut history = History::new();
        history.renamed(1, "ada@example.org", None);
        history.signed_out(7, 1);
        history.of_user(2, Fact::LockoutLifted);
        world.given(&history).await;
        let parked = world.models.parked().await.expect("the table answers").value;
        assert_eq!(parked.iter().map(|parked| parked.position.0).collect::<Vec<_>>(), [1, 2, 3]);
    })
    .await;
}

/// What a newer version can read: the history as it should have been read.
#[tokio::test]
async fn a_stream_that_is_retried_is_as_if_it_had_never_been_parked() {
    on_both(async |world| {
        let mut readable = History::new();
        readable.registered(1, "ada@example.org", None);
        let started = readable.started(1, 1);
        readable.granted(1, "auditor");
        readable.refreshed(1, 1, started);
        readable.all_revoked(1, None);
        readable.signed_out(1, 1);
        let mut unreadable = readable.clone();
        for at in [1, 2] {
            unreadable.events[at].fact = Err("not yet".to_owned());
        }
        world.given(&unreadable).await;
        assert_eq!(world.models.parked().await.expect("the table answers").value.len(), 2);

        for stream in [StreamName::session(session(1)), StreamName::user(user(1))] {
            let of_stream = readable.events.iter().filter(|event| event.record.stream == stream);
            let events: Vec<_> = of_stream.cloned().collect();
            let short = world.models.retry(&stream, &events[..1]).await;
            assert!(matches!(short, Err(ApplyError::Fenced)), "{short:?}");
            assert_eq!(world.models.retry(&stream, &events).await.expect("it answers"), Retried::Resumed);
            assert_eq!(world.models.retry(&stream, &events).await.expect("it answers"), Retried::NotParked);
        }
        let scratch = ReadModels::open_scratch(&world.url).await.expect("a scratch can be made");
        scratch.apply(Position::START, readable.log, &readable.events).await.expect("it is applied");
        let (live, rebuilt) = (world.models.digest().await, scratch.digest().await);
        assert_eq!(live.expect("it has a digest").difference(&rebuilt.expect("it has one")), None);
        scratch.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_retry_goes_as_far_as_it_can() {
    on_both(async |world| {
        let mut history = History::new();
        history.registered(1, "ada@example.org", None);
        history.granted(1, "auditor");
        history.then_unknown(StreamName::user(user(1)));
        let mut unreadable = history.clone();
        unreadable.events[1].fact = Err("not yet".to_owned());
        world.given(&unreadable).await;
        let stream = StreamName::user(user(1));
        let retried = world.models.retry(&stream, &history.events).await.expect("it answers");
        let Retried::StillParked(parked) = retried else { panic!("{retried:?}") };
        assert_eq!((parked.position, parked.waiting), (Position(3), 1));
        assert_eq!(world.models.parked().await.expect("the table answers").value, [parked]);
    })
    .await;
}

/// Who is erased by a retry is not shown by the tables from before the last flip either.
#[tokio::test]
async fn a_retry_that_erases_leaves_no_way_back() {
    on_both(async |world| {
        let mut history = History::new();
        history.registered(1, "ada@example.org", None);
        history.of_user(1, Fact::UserErased);
        let mut unreadable = history.clone();
        unreadable.events[1].fact = Err("not yet".to_owned());
        world.given(&unreadable).await;
        let scratch = ReadModels::open_scratch(&world.url).await.expect("a scratch can be made");
        scratch.apply(Position::START, history.log, &unreadable.events).await.expect("it is applied");
        world.models.flip(&scratch).await.expect("it flips");
        let previous = async || ReadModels::open_previous(&world.url).await.expect("it answers");
        let before = previous().await.expect("it is there");
        before.close().await;

        let stream = StreamName::user(user(1));
        let retried = world.models.retry(&stream, &history.events[1..]).await.expect("it answers");
        assert_eq!(retried, Retried::Resumed);
        assert!(previous().await.is_none());
    })
    .await;
}
