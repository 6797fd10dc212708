//! `POST /auth/logout`

use crate::house::House;
use events::{EndCause, Fact, StreamName};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn signing_out_ends_the_session_everywhere() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let other = house.signed_in("ada@x.io").await;
    house.post("/auth/logout").by(&guest).send().await.must_be(204);
    assert!(!house.is_signed_in(&guest).await);
    house.refresh(&guest.refresh_token).await.must_say(401, "invalid-refresh-token");
    assert!(house.is_signed_in(&other).await);
    let facts = house.facts(&StreamName::session(guest.session)).await;
    let Some(Fact::SessionRevoked(ended)) = facts.last() else { panic!("{facts:?}") };
    assert_eq!(ended.cause, EndCause::SignedOut);
}

#[tokio::test]
async fn signing_out_twice_is_once() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    house.post("/auth/logout").by(&guest).send().await.must_be(204);
    house.post("/auth/logout").by(&guest).send().await.must_be(204);
    assert_eq!(house.told(&StreamName::session(guest.session)).await, ["session.started", "session.revoked"]);
}

#[tokio::test]
async fn a_refresh_token_signs_out_beside_an_expired_access_token() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    house.clock.advance(Duration::from_secs(601));
    house.post("/auth/logout").by(&guest).send().await.must_say(401, "invalid-token");
    let body = json!({ "refresh_token": guest.refresh_token });
    house.post("/auth/logout").by(&guest).json(body).send().await.must_be(204);
    house.refresh(&guest.refresh_token).await.must_say(401, "invalid-refresh-token");
}

#[tokio::test]
async fn nobody_signs_nobody_out() {
    let house = House::new().await;
    house.post("/auth/logout").send().await.must_say(401, "unauthenticated");
    let body = json!({ "refresh_token": "rt_made-up" });
    house.post("/auth/logout").json(body).send().await.must_say(401, "invalid-refresh-token");
    house.post("/auth/logout").bearer("made.up.token").send().await.must_say(401, "invalid-token");
}
