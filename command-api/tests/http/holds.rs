//! `/users/{id}/hold`, `/holds`, and what they keep: erasures, and the end of network facts.

use crate::house::{Guest, House};
use events::{EventId, Fact, NetworkEnded, StreamName, Version};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

const DAY: Duration = Duration::from_secs(86_400);

async fn hold(house: &House, admin: &Guest, guest: &Guest) {
    let path = format!("/users/{}/hold", guest.id);
    house.put(&path).by(admin).json(json!({ "reason": "a claim" })).send().await.must_be(204);
}

fn period(from: &str, to: &str) -> serde_json::Value {
    json!({ "from": from, "to": to, "reason": "a claim" })
}

/// The months whose key the vault has.
async fn months(house: &House) -> Vec<String> {
    house.vault.months().await.expect("months").iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn who_is_held_is_erased_by_nobody_until_it_is_lifted_and_then_by_itself() {
    let house = House::new().await;
    let admin = house.admin().await;
    let ada = house.guest("ada@x.io").await;
    let (user, held) = (format!("/users/{}", ada.id), format!("/users/{}/hold", ada.id));
    for _ in 0..2 {
        hold(&house, &admin, &ada).await;
    }
    let erasure = format!("/users/{}/erasure", ada.id);
    house.post(&erasure).by(&admin).send().await.must_say(409, "legal-hold");
    assert!(house.is_signed_in(&ada).await, "nothing else changed for them");
    house.delete(&user).by(&admin).send().await.must_be(202);
    house.clock.advance(31 * DAY);
    let house = house.reopened(|_| {}).await;
    let closed = ["user.registered", "user.hold_placed", "user.deleted"];
    assert_eq!(house.told_of(ada.id).await, closed);
    let admin = house.signed_in("root@admins.example").await;
    house.post(&erasure).by(&admin).send().await.must_say(409, "legal-hold");
    house.delete(&held).by(&admin).send().await.must_be(204);
    let house = house.reopened(|_| {}).await;
    assert_eq!(house.told_of(ada.id).await[3..], ["user.hold_lifted", "user.erased"]);
    let stored = house.stored(&StreamName::user(ada.id)).await;
    let led_to_it: Option<EventId> = stored[4].record.context.causation_id;
    assert_eq!(led_to_it, Some(stored[3].record.id), "the history says why");
}

#[tokio::test]
async fn a_hold_and_an_erasure_at_once_agree_on_which_was_first() {
    let house = House::new().await;
    let admin = house.admin().await;
    for n in 0..8 {
        let guest = house.guest(&format!("guest-{n}@x.io")).await;
        let (held, erasure) = (format!("/users/{}/hold", guest.id), format!("/users/{}/erasure", guest.id));
        let (held, erased) = tokio::join!(
            house.put(&held).by(&admin).json(json!({ "reason": "a claim" })).send(),
            house.post(&erasure).by(&admin).send(),
        );
        let told = house.told_of(guest.id).await;
        match (held.status.as_u16(), erased.status.as_u16()) {
            (204, 409) => assert_eq!(told, ["user.registered", "user.hold_placed"]),
            (404, 202) => assert_eq!(told, ["user.registered", "user.erased"]),
            other => panic!("{other:?}: {told:?}"),
        }
    }
}

#[tokio::test]
async fn holds_take_a_permission_and_somebody_or_something_to_hold() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (ada, eve) = (house.guest("ada@x.io").await, house.guest("eve@x.io").await);
    let auditor = house.guest_with(&admin, "auditor@x.io", "auditor").await;
    let held = format!("/users/{}/hold", ada.id);
    for by in [&eve, &auditor, &ada] {
        let answer = house.put(&held).by(by).json(json!({ "reason": "a claim" })).send().await;
        answer.must_say(403, "forbidden");
        house.delete(&held).by(by).send().await.must_say(403, "forbidden");
    }
    let nobody = format!("/users/{}/hold", Uuid::from_u128(7));
    house
        .put(&nobody)
        .by(&admin)
        .json(json!({ "reason": "a claim" }))
        .send()
        .await
        .must_say(404, "not-found");
    house.delete("/holds/case-7").by(&admin).send().await.must_say(404, "not-found");
    let put = |body| house.put("/holds/case-7").by(&admin).json(body).send();
    let backwards = period("2026-04-01T00:00:00Z", "2026-03-01T00:00:00Z");
    put(backwards).await.must_refuse("/to", "invalid_value");
    put(period("yesterday", "2026-03-01T00:00:00Z")).await.must_refuse("/from", "invalid_value");
    assert!(!house.all_told().await.iter().any(|told| told.contains("hold")));
}

#[tokio::test]
async fn network_facts_end_with_their_month_and_the_log_proves_it() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    assert_eq!(months(&house).await, ["2026-11"]);
    // A year after the end of the month, and not a moment earlier.
    house.clock.advance(6 * DAY + 364 * DAY);
    let house = house.reopened(|_| {}).await;
    assert_eq!(months(&house).await, ["2026-11"]);
    house.clock.advance(2 * DAY);
    let house = house.reopened(|_| {}).await;
    assert!(months(&house).await.is_empty());
    assert_eq!(house.told(&StreamName::retention()).await, ["retention.network_ended"]);
    let facts = house.facts(&StreamName::session(ada.session)).await;
    let Fact::SessionStarted(started) = &facts[0] else { panic!("{facts:?}") };
    assert!(started.network.open().is_none());
    let house = house.reopened(|_| {}).await;
    assert_eq!(house.told(&StreamName::retention()).await.len(), 1, "it ends once");
}

#[tokio::test]
async fn an_end_that_was_cut_off_before_the_key_was_destroyed_is_finished() {
    let house = House::new().await;
    house.guest("ada@x.io").await;
    let month = house.clock.now().month();
    // A process that was killed right after it appended leaves this behind; so does a vault's backup.
    let ended = Fact::NetworkEnded(NetworkEnded { month });
    house.append_by_hand(StreamName::retention(), Version::NONE, ended).await;
    assert_eq!(months(&house).await, ["2026-11"]);
    let house = house.reopened(|_| {}).await;
    assert!(months(&house).await.is_empty());
    assert_eq!(house.told(&StreamName::retention()).await, ["retention.network_ended"]);
}

#[tokio::test]
async fn a_hold_on_a_period_keeps_its_months_until_it_is_lifted() {
    let house = House::new().await;
    let admin = house.admin().await;
    let held = period("2026-11-30T00:00:00Z", "2026-12-01T00:00:00Z");
    for _ in 0..2 {
        house.put("/holds/case-7").by(&admin).json(held.clone()).send().await.must_be(204);
    }
    house.clock.advance(400 * DAY);
    let house = house.reopened(|_| {}).await;
    assert!(months(&house).await.contains(&"2026-11".to_owned()));
    let admin = house.signed_in("root@admins.example").await;
    house.delete("/holds/case-7").by(&admin).send().await.must_be(204);
    let house = house.reopened(|_| {}).await;
    assert!(!months(&house).await.contains(&"2026-11".to_owned()));
    let told = house.told(&StreamName::retention()).await;
    assert_eq!(told, ["hold.placed", "hold.lifted", "retention.network_ended"]);
}
