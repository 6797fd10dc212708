//! `POST /auth/refresh`

use crate::house::{Answer, Guest, House};
use events::{Fact, StreamName};
use futures_util::future::join_all;
use serde_json::json;
use std::{collections::BTreeSet, time::Duration};

fn token(answer: &Answer) -> String {
    answer.body()["refresh_token"].as_str().expect("a token").to_owned()
}

async fn told(house: &House, guest: &Guest) -> Vec<String> {
    house.told(&StreamName::session(guest.session)).await
}

#[tokio::test]
async fn each_token_has_one_successor() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let first = house.refresh(&guest.refresh_token).await.must_be(200);
    assert_ne!(token(&first), guest.refresh_token);
    assert_eq!(first.guest().session, guest.session);
    assert!(house.is_signed_in(&first.guest()).await);
    let second = house.refresh(&token(&first)).await.must_be(200);
    assert_ne!(token(&second), token(&first));
    assert_eq!(told(&house, &guest).await, ["session.started", "session.refreshed", "session.refreshed"]);
}

#[tokio::test]
async fn fifty_at_once_get_the_same_successor_by_one_fact() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let answers = join_all((0..50).map(|_| house.refresh(&guest.refresh_token))).await;
    let bodies: BTreeSet<_> = answers.into_iter().map(|answer| answer.must_be(200).bytes).collect();
    assert_eq!(bodies.len(), 1);
    assert_eq!(told(&house, &guest).await, ["session.started", "session.refreshed"]);
}

#[tokio::test]
async fn the_predecessor_is_forgiven_within_the_grace_and_gets_the_same() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let first = house.refresh(&guest.refresh_token).await.must_be(200);
    house.clock.advance(Duration::from_secs(10));
    let again = house.refresh(&guest.refresh_token).await.must_be(200);
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(told(&house, &guest).await.len(), 2);
}

#[tokio::test]
async fn a_replay_after_the_grace_ends_the_session() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let first = house.refresh(&guest.refresh_token).await.must_be(200);
    house.clock.advance(Duration::from_secs(11));
    house.refresh(&guest.refresh_token).await.must_say(401, "invalid-refresh-token");
    house.refresh(&token(&first)).await.must_say(401, "invalid-refresh-token");
    assert!(!house.is_signed_in(&first.guest()).await);
    let facts = house.facts(&StreamName::session(guest.session)).await;
    let Some(Fact::SessionReplayDetected(replay)) = facts.last() else { panic!("{facts:?}") };
    assert_eq!(replay.generation, 0);
    house.refresh(&guest.refresh_token).await.must_say(401, "invalid-refresh-token");
    assert_eq!(told(&house, &guest).await.len(), 3, "a session ends once");
}

#[tokio::test]
async fn only_the_immediate_predecessor_is_forgiven() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let first = house.refresh(&guest.refresh_token).await.must_be(200);
    house.refresh(&token(&first)).await.must_be(200);
    house.refresh(&guest.refresh_token).await.must_say(401, "invalid-refresh-token");
    assert_eq!(told(&house, &guest).await.last().map(String::as_str), Some("session.replay_detected"));
}

#[tokio::test]
async fn refreshing_never_moves_the_end_of_a_session() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let mut refresh_token = guest.refresh_token.clone();
    for _ in 0..29 {
        house.clock.advance(Duration::from_secs(86_400));
        refresh_token = token(&house.refresh(&refresh_token).await.must_be(200));
    }
    house.clock.advance(Duration::from_secs(86_400 - 60));
    let last = house.refresh(&refresh_token).await.must_be(200);
    assert_eq!(last.body()["expires_in"], 60, "no access token outlives its session");
    house.clock.advance(Duration::from_secs(60));
    house.refresh(&token(&last)).await.must_say(401, "invalid-refresh-token");
    house.refresh(&refresh_token).await.must_say(401, "invalid-refresh-token");
    assert!(!house.is_signed_in(&last.guest()).await);
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let other = House::new().await.guest("ada@x.io").await;
    for wrong in ["", "rt_", &guest.access_token, &other.refresh_token, &"x".repeat(10_000)] {
        house.refresh(wrong).await.must_say(401, "invalid-refresh-token");
    }
    house.post("/auth/refresh").json(json!({})).send().await.must_say(401, "invalid-refresh-token");
    let put =
        house.put(&format!("/users/{}", guest.id)).bearer(&guest.refresh_token).json(json!({})).send().await;
    put.must_say(401, "invalid-token");
}

#[tokio::test]
async fn whoever_may_not_sign_in_does_not_stay_signed_in() {
    let house = House::new().await;
    let admin = house.admin().await;
    let guest = house.guest("ada@x.io").await;
    let path = format!("/users/{}/suspension", guest.id);
    house.put(&path).by(&admin).json(json!({ "reason": "spam" })).send().await.must_be(204);
    house.refresh(&guest.refresh_token).await.must_say(401, "invalid-refresh-token");
    house.delete(&path).by(&admin).send().await.must_be(204);
    house.refresh(&guest.refresh_token).await.must_say(401, "invalid-refresh-token");
    house.login("ada@x.io", crate::house::PASSWORD).await.must_be(200);
}

#[tokio::test]
async fn a_session_that_nobody_refreshes_ends_before_its_time() {
    let house = House::with(|config| config.session_idle_ttl = Duration::from_secs(3_600)).await;
    let guest = house.guest("ada@x.io").await;
    house.clock.advance(Duration::from_secs(3_599));
    let next = house.refresh(&guest.refresh_token).await.must_be(200);
    house.clock.advance(Duration::from_secs(3_599));
    let last = house.refresh(&token(&next)).await.must_be(200);
    house.clock.advance(Duration::from_secs(3_600));
    house.refresh(&token(&last)).await.must_say(401, "invalid-refresh-token");
    assert_eq!(told(&house, &guest).await.last().map(String::as_str), Some("session.refreshed"), "no replay");
}

#[tokio::test]
async fn no_access_token_outlives_a_session_that_lies_idle() {
    let house = House::with(|config| config.session_idle_ttl = Duration::from_secs(60)).await;
    house.guest("ada@x.io").await;
    let signed_in = house.login("ada@x.io", crate::house::PASSWORD).await.must_be(200);
    assert_eq!(signed_in.body()["expires_in"], 60);
}
