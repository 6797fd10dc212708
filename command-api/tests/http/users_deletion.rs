//! `DELETE /users/{id}`, `POST /users/{id}/erasure`

use crate::house::{House, PASSWORD};
use events::{Fact, Position, SealContext, StreamName, UserId, Version};
use serde_json::json;
use service::{clock::Entropy, config::Config};
use std::time::Duration;
use store::vault::{ErasureDue, Scope};
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
    assert!(waiting(&house).await == 0);
    assert_eq!(house.told_of(ada.id).await.last().map(String::as_str), Some("user.erased"));
    assert!(!house.is_signed_in(&ada).await);
    house.refresh(&ada.refresh_token).await.must_be(401);
    house.login("ada@x.io", PASSWORD).await.must_say(401, "invalid-credentials");
    let again = house.guest("ada@x.io").await;
    assert_ne!(again.id, ada.id, "the address is free for somebody new");
}

/// Leaves behind what a process does that is killed right after it noted an erasure.
async fn note(house: &House, user: UserId, if_deleted: bool, after: Duration) {
    let intent = Entropy::System.uuid_v7(house.clock.now());
    let due = ErasureDue { intent, user, if_deleted, due_at: house.clock.now().after(after) };
    house.vault.note_erasure(&due).await.expect("noted");
}

/// How many people are to be erased.
async fn waiting(house: &House) -> u64 {
    house.vault.erasures_waiting().await.expect("the list is read")
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
    note(&house, ada.id, false, Duration::ZERO).await;
    house.append_by_hand(StreamName::user(ada.id), Version(1), Fact::UserErased).await;
    assert!(readable(&house, ada.id).await > 0);
    let house = house.reopened(|_| {}).await;
    assert_eq!(house.told_of(ada.id).await, ["user.registered", "user.erased"]);
    assert_eq!(readable(&house, ada.id).await, 0);
    let again = house.guest("ada@x.io").await;
    assert_ne!(again.id, ada.id, "the address is free for somebody new");
}

#[tokio::test]
async fn an_erasure_that_the_log_never_heard_of_erases_nobody() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (ada, bob) = (house.guest("ada@x.io").await, house.guest("bob@x.io").await);
    house.delete(&format!("/users/{}", bob.id)).by(&admin).send().await.must_be(202);
    // A process leaves this behind that was killed before it appended, or right after it was told that it may not.
    note(&house, ada.id, false, Duration::ZERO).await;
    note(&house, bob.id, false, Duration::ZERO).await;
    let house = house.reopened(|_| {}).await;
    assert_eq!(waiting(&house).await, 2, "they may be under way still");
    house.clock.advance(Duration::from_secs(86_400));
    let house = house.reopened(|_| {}).await;
    assert_eq!(waiting(&house).await, 1, "the account that was closed is erased when its time has come");
    assert_eq!(house.told_of(ada.id).await, ["user.registered"]);
    assert_eq!(house.told_of(bob.id).await, ["user.registered", "user.deleted"]);
    assert!(readable(&house, ada.id).await > 0);
}

#[tokio::test]
async fn somebody_who_cannot_be_erased_keeps_nobody_from_starting() {
    let house = House::new().await;
    house.admin().await;
    let (ada, bob) = (house.guest("ada@x.io").await, house.guest("bob@x.io").await);
    for guest in [&ada, &bob] {
        note(&house, guest.id, false, Duration::ZERO).await;
        house.append_by_hand(StreamName::user(guest.id), Version(1), Fact::UserErased).await;
    }
    house.append_unreadable(StreamName::user(ada.id), Version(2)).await;
    let house = house.reopened(|_| {}).await;
    assert_eq!(waiting(&house).await, 1, "who is left is due again");
    let again = house.guest("bob@x.io").await;
    assert_ne!(again.id, bob.id, "who could be erased was");
}

#[tokio::test]
async fn what_was_refused_leaves_nobody_to_be_erased() {
    let house = House::new().await;
    let admin = house.admin().await;
    let ada = house.guest("ada@x.io").await;
    let (user, erasure) = (format!("/users/{}", ada.id), format!("/users/{}/erasure", ada.id));
    house.delete(&user).by(&admin).header("if-match", "\"9\"").send().await.must_be(412);
    house.post(&erasure).by(&admin).header("if-match", "\"9\"").send().await.must_be(412);
    house.delete(&format!("/users/{}", admin.id)).by(&admin).send().await.must_say(409, "last-admin");
    assert_eq!(waiting(&house).await, 0);
    house.delete(&user).by(&admin).send().await.must_be(202);
    house.post(&erasure).by(&admin).header("if-match", "\"9\"").send().await.must_be(412);
    house.delete(&user).by(&admin).header("if-match", "\"9\"").send().await.must_be(412);
    assert_eq!(waiting(&house).await, 1, "the refusals took nothing back but their own");
    house.clock.advance(Duration::from_secs(29 * 86_400));
    let house = house.reopened(|_| {}).await;
    assert_eq!(house.told_of(ada.id).await, ["user.registered", "user.deleted"], "nor did they hasten it");
}

#[tokio::test]
async fn a_deletion_that_the_log_never_heard_of_erases_nobody() {
    let house = House::new().await;
    house.admin().await;
    let ada = house.guest("ada@x.io").await;
    note(&house, ada.id, true, Duration::from_secs(60)).await;
    house.clock.advance(Duration::from_secs(3_600));
    let house = house.reopened(|_| {}).await;
    assert_eq!(waiting(&house).await, 1, "it may be under way still");
    house.clock.advance(Duration::from_secs(86_400));
    let house = house.reopened(|_| {}).await;
    assert_eq!(waiting(&house).await, 0);
    assert_eq!(house.told_of(ada.id).await, ["user.registered"]);
    assert!(readable(&house, ada.id).await > 0);
}

#[tokio::test]
async fn a_longer_delay_holds_for_accounts_that_are_closed_already() {
    let house = House::new().await;
    let admin = house.admin().await;
    let ada = house.guest("ada@x.io").await;
    house.delete(&format!("/users/{}", ada.id)).by(&admin).send().await.must_be(202);
    let longer = |config: &mut Config| config.erasure_delay = Duration::from_secs(60 * 86_400);
    house.clock.advance(Duration::from_secs(31 * 86_400));
    let house = house.reopened(longer).await;
    assert_eq!(house.told_of(ada.id).await, ["user.registered", "user.deleted"]);
    house.clock.advance(Duration::from_secs(29 * 86_400));
    let house = house.reopened(longer).await;
    assert_eq!(house.told_of(ada.id).await, ["user.registered", "user.deleted", "user.erased"]);
    assert_eq!(waiting(&house).await, 0);
}

#[tokio::test]
async fn an_erasure_that_was_cut_off_waits_behind_nobody() {
    let house = House::new().await;
    house.admin().await;
    // More than are looked at in one go, all of them due longer.
    for n in 0..1_100 {
        note(&house, UserId(Uuid::from_u128(n)), true, Duration::ZERO).await;
    }
    let ada = house.guest("ada@x.io").await;
    note(&house, ada.id, false, Duration::from_secs(1)).await;
    house.append_by_hand(StreamName::user(ada.id), Version(1), Fact::UserErased).await;
    let house = house.reopened(|_| {}).await;
    assert_eq!(house.told_of(ada.id).await, ["user.registered", "user.erased"]);
    assert_eq!(readable(&house, ada.id).await, 0);
}
