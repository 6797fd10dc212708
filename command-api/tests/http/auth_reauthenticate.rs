//! `POST /auth/reauthenticate`

use crate::house::{Answer, Guest, House, PASSWORD};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use events::StreamName;
use serde_json::{Value, json};
use std::time::Duration;

async fn prove(house: &House, guest: &Guest, password: &str) -> Answer {
    house.post("/auth/reauthenticate").by(guest).json(json!({ "password": password })).send().await
}

fn claims(token: &str) -> Value {
    let segment = token.split('.').nth(1).expect("three segments");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(segment).expect("base64url")).expect("JSON")
}

/// SESS-01, SESS-12.
#[tokio::test]
async fn a_proof_gives_the_session_new_tokens_that_say_so() {
    let house = House::with(|config| config.access_ttl = Duration::from_secs(3_600)).await;
    let admin = house.admin().await;
    let began = claims(&admin.access_token)["auth_time"].as_i64().expect("a time");
    house.clock.advance(Duration::from_secs(1_000));
    let define =
        |guest: &Guest| house.put("/roles/front-desk").by(guest).json(json!({ "permissions": [] })).send();
    define(&admin).await.must_say(401, "insufficient-user-authentication");
    let proved = prove(&house, &admin, PASSWORD).await.must_be(200).guest();
    assert_eq!(proved.session, admin.session);
    assert_ne!(proved.access_token, admin.access_token);
    assert_ne!(proved.refresh_token, admin.refresh_token);
    assert_eq!(claims(&proved.access_token)["auth_time"], began + 1_000);
    define(&proved).await.must_be(201);
    // The token from before gains nothing: it may be somebody else's by now.
    define(&admin).await.must_say(401, "insufficient-user-authentication");
    house.clock.advance(Duration::from_secs(60));
    let refreshed = house.refresh(&proved.refresh_token).await.must_be(200).guest();
    assert_eq!(claims(&refreshed.access_token)["auth_time"], began + 1_000);
    let again = house.refresh(&refreshed.refresh_token).await.must_be(200).guest();
    assert_eq!(claims(&again.access_token)["auth_time"], began + 1_000);
}

#[tokio::test]
async fn a_refresh_token_from_before_gets_no_successor() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let proved = prove(&house, &guest, PASSWORD).await.must_be(200).guest();
    house.refresh(&guest.refresh_token).await.must_say(401, "invalid-refresh-token");
    assert!(house.is_signed_in(&proved).await, "a tab that knows nothing of it yet ends nothing");
    house.clock.advance(Duration::from_secs(11));
    house.refresh(&guest.refresh_token).await.must_say(401, "invalid-refresh-token");
    assert!(!house.is_signed_in(&proved).await, "later it is a replay");
    let told = house.told(&StreamName::session(guest.session)).await;
    assert_eq!(told, ["session.started", "session.reauthenticated", "session.replay_detected"]);
}

#[tokio::test]
async fn a_wrong_password_proves_nothing_and_is_throttled() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    for _ in 0..5 {
        prove(&house, &guest, "wrong horse battery staple").await.must_say(401, "invalid-credentials");
    }
    prove(&house, &guest, PASSWORD).await.must_say(429, "too-many-attempts");
    assert_eq!(house.told(&StreamName::session(guest.session)).await, ["session.started"]);
}

/// SESS-14, SESS-01: what is no access token proves nothing, and nobody brings a session of their own.
#[tokio::test]
async fn tokens_are_of_one_kind_each() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let by_refresh_token = Guest { access_token: guest.refresh_token.clone(), ..guest.clone() };
    prove(&house, &by_refresh_token, PASSWORD).await.must_say(401, "invalid-token");
    house.refresh(&guest.access_token).await.must_say(401, "invalid-refresh-token");
    let fixed = json!({ "email": "ada@x.io", "password": PASSWORD, "session_id": guest.session });
    house.post("/auth/login").json(fixed).send().await.must_refuse("/session_id", "unknown_field");
    let other = house.signed_in("ada@x.io").await;
    assert_ne!(other.session, guest.session);
}
