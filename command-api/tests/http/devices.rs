//! Devices that somebody has signed in from, while others guess.

use crate::house::{Answer, House, PASSWORD, crowd};
use crate::sources::served;
use events::StreamName;
use serde_json::json;
use std::{net::SocketAddr, time::Duration};

const WRONG: &str = "wrong horse battery staple";

pub(crate) async fn login_on(house: &House, email: &str, password: &str, device: &str) -> Answer {
    let body = json!({ "email": email, "password": password, "device_token": device });
    house.post("/auth/login").json(body).send().await
}

pub(crate) async fn device_of(house: &House, email: &str) -> String {
    let signed_in = house.login(email, PASSWORD).await.must_be(200).body();
    signed_in["device_token"].as_str().expect("a token").to_owned()
}

/// Guesses from twenty places, until the address is locked for everybody.
pub(crate) async fn lock_account(address: SocketAddr) {
    let client = reqwest::Client::new();
    for place in 0..20 {
        let request = client.post(format!("http://{address}/api/v1/auth/login"));
        let request = request.header("x-forwarded-for", format!("203.0.113.{place}"));
        let answer = request.json(&json!({ "email": "ada@x.io", "password": WRONG })).send().await;
        assert_eq!(answer.expect("an answer").status(), 401);
    }
}

#[tokio::test]
async fn who_signed_in_before_is_let_in_while_strangers_lock_the_account() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    house.guest("bob@x.io").await;
    let (device, bobs) = (device_of(&house, "ada@x.io").await, device_of(&house, "bob@x.io").await);
    let (address, _serving) = served(&house).await;
    lock_account(address).await;
    house.login("ada@x.io", PASSWORD).await.must_say(429, "too-many-attempts");
    for strange in ["", "dv_", "dv_AAAA", &bobs, &format!("{device}A"), &device[3..]] {
        login_on(&house, "ada@x.io", PASSWORD, strange).await.must_say(429, "too-many-attempts");
    }
    let again = login_on(&house, "ada@x.io", PASSWORD, &device).await.must_be(200).body();
    house.login("ada@x.io", PASSWORD).await.must_say(429, "too-many-attempts");
    house.refresh(&ada.refresh_token).await.must_be(200);
    // The device is the same one, known for another ninety days.
    let cookie = format!("evident_device={}", again["device_token"].as_str().expect("a token"));
    let body = json!({ "email": "ada@x.io", "password": PASSWORD });
    house.post("/auth/login").header("cookie", &cookie).json(body).send().await.must_be(200);
}

#[tokio::test]
async fn a_known_device_may_guess_five_times_and_not_once_more_at_once_or_in_turn() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    let device = device_of(&house, "ada@x.io").await;
    let (address, _serving) = served(&house).await;
    lock_account(address).await;
    let answers = crowd((0..100).map(|_| login_on(&house, "ada@x.io", WRONG, &device))).await;
    let count = |status| answers.iter().filter(|answer| answer.status.as_u16() == status).count();
    assert_eq!((count(401), count(429)), (5, 95));
    login_on(&house, "ada@x.io", PASSWORD, &device).await.must_say(429, "too-many-attempts");
    house.settle().await;
    let told = house.told(&StreamName::sign_in(ada.id)).await;
    assert!(told.iter().filter(|told| *told == "user.sign_in_failed").count() <= 10, "{told:?}");
}

#[tokio::test]
async fn a_device_is_known_for_ninety_days() {
    let house = House::new().await;
    house.guest("ada@x.io").await;
    let device = device_of(&house, "ada@x.io").await;
    let (address, _serving) = served(&house).await;
    house.clock.advance(Duration::from_secs(90 * 86_400));
    lock_account(address).await;
    login_on(&house, "ada@x.io", PASSWORD, &device).await.must_be(429);
}
