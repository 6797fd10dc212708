//! `DELETE /users/{id}`, `POST /users/{id}/erasure`

use crate::house::{House, PASSWORD};
use events::{Fact, Position, SealContext, StreamName, UserId, Version};
use serde_json::json;
use std::time::Duration;
use store::vault::Scope;
use uuid::Uuid;

#[tokio::test]
async fn a_deleted_account_is_closed_at_once_and_erased_later() {
    let house = House::new().await;
    let admin = house.admin().await;
    let ada = house.guest("ada@x.io").await;
    let path = format!("/users/{}", ada.id);
    for _ in 0..2 {
        house.delete(&path).by(&admin).send().await.must_be(202);
    }
    assert!(!house.is_signed_in(&ada).await);
    house.login("ada@x.io", PASSWORD).await.must_say(401, "invalid-credentials");
    let body = json!({ "email": "ada@x.io", "password": PASSWORD });
    house.post("/auth/register").json(body).send().await.must_say(409, "email-taken");
    let rename = house.put(&path).by(&admin).json(json!({ "display_name": "Ada" })).send().await;
    rename.must_say(409, "user-deleted");
    house.clock.advance(Duration::from_secs(30 * 86_400));
    let house = house.reopened(|_| {}).await;
    assert_eq!(house.told_of(ada.id).await, ["user.registered", "user.deleted", "user.erased"]);
}

#[tokio::test]
async fn deleting_and_erasing_take_permissions() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (ada, eve) = (house.guest("ada@x.io").await, house.guest("eve@x.io").await);
    let (user, erasure) = (format!("/users/{}", ada.id), format!("/users/{}/erasure", ada.id));
    house.delete(&user).by(&eve).send().await.must_say(403, "forbidden");
    house.post(&erasure).by(&eve).send().await.must_say(403, "forbidden");
    house.delete(&user).send().await.must_say(401, "unauthenticated");
    let unknown = Uuid::from_u128(7);
    house.delete(&format!("/users/{unknown}")).by(&admin).send().await.must_say(404, "not-found");
    house.post(&format!("/users/{unknown}/erasure")).by(&admin).send().await.must_say(404, "not-found");
    assert!(house.is_signed_in(&ada).await);
}

#[tokio::test]
async fn nothing_of_an_erased_person_can_be_read_again() {
    let house = House::new().await;
    let admin = house.admin().await;
    let ada = house.guest("ada@x.io").await;
    house
        .put(&format!("/users/{}", ada.id))
        .by(&ada)
        .json(json!({ "display_name": "Ada" }))
        .send()
        .await
        .must_be(200);
    house.refresh(&ada.refresh_token).await.must_be(200);
    house.login("ada@x.io", "wrong horse battery staple").await.must_be(401);
    house.settle().await;
    assert!(readable(&house, ada.id).await > 4);
    for _ in 0..2 {
        house.post(&format!("/users/{}/erasure", ada.id)).by(&admin).send().await.must_be(202);
    }
    assert_eq!(readable(&house, ada.id).await, 0);
    assert!(house.vault.unfinished_erasures().await.expect("the list is read").is_empty());
    assert_eq!(house.told_of(ada.id).await.last().map(String::as_str), Some("user.erased"));
    assert!(!house.is_signed_in(&ada).await);
    house.refresh(&ada.refresh_token).await.must_be(401);
    house.login("ada@x.io", PASSWORD).await.must_say(401, "invalid-credentials");
    let again = house.guest("ada@x.io").await;
    assert_ne!(again.id, ada.id, "the address is free for somebody new");
}

/// How many values of this person's can still be read from the log.
async fn readable(house: &House, person: UserId) -> usize {
    let mut open = 0;
    for stored in house.log.read_all(Position::START, 10_000).await.expect("the log is read") {
        let keys: Vec<_> = stored.record.keys().into_iter().filter(|key| key.person == person).collect();
        let keyring = house.vault.keyring(&keys, Scope::All).await.expect("keys are loaded");
        let opened = |context: &SealContext<'_>, sealed: &[u8]| {
            let value = keyring.open(context, sealed);
            open += usize::from(value.is_some());
            value
        };
        stored.record.fact(opened).expect("the record holds a fact");
    }
    open
}

#[tokio::test]
async fn an_erasure_that_was_cut_off_before_the_keys_were_destroyed_is_finished_too() {
    let house = House::new().await;
    house.admin().await;
    let ada = house.guest("ada@x.io").await;
    // A process that was killed right after it appended leaves this behind.
    house.vault.begin_erasure(ada.id, house.clock.now()).await.expect("begun");
    house.append_by_hand(StreamName::user(ada.id), Version(1), Fact::UserErased).await;
    assert!(readable(&house, ada.id).await > 0);
    let house = house.reopened(|_| {}).await;
    assert_eq!(house.told_of(ada.id).await, ["user.registered", "user.erased"]);
    assert_eq!(readable(&house, ada.id).await, 0);
    let again = house.guest("ada@x.io").await;
    assert_ne!(again.id, ada.id, "the address is free for somebody new");
}

#[tokio::test]
async fn an_erasure_that_was_cut_off_is_finished_at_the_next_start() {
    let house = House::new().await;
    house.admin().await;
    let ada = house.guest("ada@x.io").await;
    // A process that was killed before it appended leaves this behind.
    house.vault.begin_erasure(ada.id, house.clock.now()).await.expect("begun");
    let house = house.reopened(|_| {}).await;
    assert_eq!(house.told_of(ada.id).await, ["user.registered", "user.erased"]);
    assert_eq!(readable(&house, ada.id).await, 0);
    assert!(house.vault.unfinished_erasures().await.expect("the list is read").is_empty());
}
