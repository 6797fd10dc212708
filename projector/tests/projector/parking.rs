//! An event that cannot be read stops its own stream, in sight, and nothing else.

use crate::{teller::Teller, world::World};
use events::{Position, Record, StreamName, UserId, Version};
use read_models::{ParkedStream, Retried};
use serde_json::{Value, json};

on_each_engine!(
    an_unknown_event_parks_its_stream_and_no_other,
    what_is_still_unreadable_stays_parked,
    a_stream_whose_cause_is_gone_is_applied_by_one_retry,
    a_stream_that_is_not_parked_is_left_alone,
);

async fn an_unknown_event_parks_its_stream_and_no_other(world: World) {
    let (ada, bob) = tell_of_a_poisoned_stream(&world).await;

    let parked = parked(&world).await;
    assert_eq!(parked.len(), 1, "{parked:?}");
    assert_eq!((&parked[0].stream, parked[0].version), (&StreamName::user(ada), Version(2)));
    assert_eq!(parked[0].event_type, "user.teleported.v1");
    assert_eq!(parked[0].waiting, 2);
    assert!(parked[0].reason.contains("unknown"), "{}", parked[0].reason);
    assert_eq!(version_shown(&world, ada).await, Version(1));
    assert_eq!(version_shown(&world, bob).await, Version(2));
    world.equals_a_rebuild().await;
}

async fn what_is_still_unreadable_stays_parked(world: World) {
    let (ada, _) = tell_of_a_poisoned_stream(&world).await;
    let before = parked(&world).await;
    let retried = projector::retry(&world.log, &world.vault, &world.models, &StreamName::user(ada)).await;
    let retried = retried.expect("a retry runs");
    assert!(matches!(&retried, Retried::StillParked(parked) if parked.version == Version(2)), "{retried:?}");
    assert_eq!(parked(&world).await, before);
    world.equals_a_rebuild().await;
}

/// An older version of Evident did not know what this one knows: its projector parked two people.
async fn a_stream_whose_cause_is_gone_is_applied_by_one_retry(world: World) {
    let mut teller = Teller::new(&world, 9);
    let (ada, bob) = (teller.register().await, teller.register().await);
    teller.change_profile(ada).await;
    let mut batch = world.opened().await;
    for projected in batch.iter_mut().take(2) {
        projected.fact = Err("not known to this version".into());
    }
    world.models.apply(Position::START, world.log.id(), &batch).await.expect("a batch is applied");
    teller.sign_in(ada).await;
    teller.change_profile(ada).await;
    world.follow_to_the_end().await;
    assert_eq!(parked(&world).await.len(), 2);
    assert!(world.check().await.difference.is_some(), "a fresh fold parks nobody");

    for person in [ada, bob] {
        let stream = StreamName::user(person);
        let retried = projector::retry(&world.log, &world.vault, &world.models, &stream).await;
        assert_eq!(retried.expect("a retry runs"), Retried::Resumed);
    }
    assert_eq!(parked(&world).await, []);
    assert_eq!(version_shown(&world, ada).await, Version(3));
    world.equals_a_rebuild().await;
    teller.change_profile(ada).await;
    world.follow_to_the_end().await;
    assert_eq!(version_shown(&world, ada).await, Version(4));
    world.equals_a_rebuild().await;
}

async fn a_stream_that_is_not_parked_is_left_alone(world: World) {
    let ada = Teller::new(&world, 10).register().await;
    world.follow_to_the_end().await;
    let retried = projector::retry(&world.log, &world.vault, &world.models, &StreamName::user(ada)).await;
    assert_eq!(retried.expect("a retry runs"), Retried::NotParked);
    world.equals_a_rebuild().await;
}

/// Ada's stream holds an event of a later version of Evident, and one more; Bob's stream is as ever. All is projected.
pub(crate) async fn tell_of_a_poisoned_stream(world: &World) -> (UserId, UserId) {
    let mut teller = Teller::new(world, 8);
    teller.tell(20).await;
    let (ada, bob) = (teller.register().await, teller.register().await);
    teller.append(foreign(world, StreamName::user(ada)).await).await;
    teller.change_profile(ada).await;
    teller.change_profile(bob).await;
    world.follow_to_the_end().await;
    (ada, bob)
}

/// The next record of a stream, of a type that no version so far knows.
async fn foreign(world: &World, stream: StreamName) -> Record {
    let last = world.log.read_last(&stream).await.expect("the log answers").expect("the stream exists");
    let mut document: Value = serde_json::from_slice(last.record.bytes()).expect("a record is JSON");
    document["id"] = json!(uuid::Uuid::from_u128(42));
    document["type"] = json!("user.teleported.v1");
    document["streamversion"] = json!(last.record.version.next());
    document["data"] = json!({"to": "the moon"});
    let bytes = serde_json::to_vec(&document).expect("a document can be written");
    Record::parse(bytes.into()).expect("its attributes are ours")
}

async fn parked(world: &World) -> Vec<ParkedStream> {
    world.models.parked().await.expect("the tables answer").value
}

async fn version_shown(world: &World, user: UserId) -> Version {
    let shown = world.models.user(user).await.expect("the tables answer");
    shown.value.expect("the person is shown").version
}
