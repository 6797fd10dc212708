//! How often somebody may guess, at `POST /auth/login` and wherever a password is asked for.

use crate::{
    devices::lock_account,
    house::{House, PASSWORD, crowd},
    sources::served,
};
use events::{Fact, LockoutScope, StreamName};
use serde_json::json;
use std::time::Duration;

const WRONG: &str = "wrong horse battery staple";

#[tokio::test]
async fn of_two_hundred_guesses_at_once_five_are_looked_at() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let answers = crowd((0..200).map(|_| house.login("ada@x.io", WRONG))).await;
    let refused = answers.iter().filter(|answer| answer.status.as_u16() == 401).count();
    let throttled = answers.iter().filter(|answer| answer.status.as_u16() == 429).count();
    assert_eq!((refused, throttled), (5, 195));
    house.settle().await;
    let told = house.told(&StreamName::sign_in(guest.id)).await;
    assert_eq!(told.iter().filter(|told| *told == "user.sign_in_failed").count(), 5);
    assert_eq!(told.iter().filter(|told| *told == "user.locked_out").count(), 1);
}

#[tokio::test]
async fn under_throttle_a_right_password_and_an_unknown_address_answer_alike() {
    let house = House::new().await;
    house.guest("ada@x.io").await;
    for email in ["ada@x.io", "nobody@x.io"] {
        for _ in 0..5 {
            house.login(email, WRONG).await.must_say(401, "invalid-credentials");
        }
    }
    let shape = |answer: &crate::house::Answer| format!("{:?} {:?}", answer.headers, answer.bytes);
    let right = house.login("ada@x.io", PASSWORD).await.must_say(429, "too-many-attempts");
    let wrong = house.login("ada@x.io", WRONG).await.must_say(429, "too-many-attempts");
    let unknown = house.login("nobody@x.io", PASSWORD).await.must_say(429, "too-many-attempts");
    assert_eq!(right.header("retry-after"), Some("60"));
    assert_eq!(shape(&right), shape(&wrong));
    assert_eq!(shape(&right), shape(&unknown));
    assert_eq!(right.header("ratelimit-policy"), Some("\"sign-in\";q=5;w=60"));
    assert_eq!(right.header("ratelimit"), Some("\"sign-in\";r=0;t=60"));
}

#[tokio::test]
async fn every_way_to_write_an_address_is_one_account() {
    let house = House::new().await;
    house.guest("ada@bücher.example").await;
    let ways =
        ["ada@bücher.example", "ADA@bücher.example", "Ada@BÜCHER.example", "ada@xn--bcher-kva.example"];
    for email in ways.into_iter().cycle().take(5) {
        house.login(email, WRONG).await.must_be(401);
    }
    for email in ways {
        house.login(email, WRONG).await.must_be(429);
    }
}

#[tokio::test]
async fn no_other_way_to_write_an_address_or_a_body_gives_more_guesses() {
    let house = House::new().await;
    house.guest("ada.b@x.io").await;
    for _ in 0..5 {
        house.login("ada.b@x.io", WRONG).await.must_be(401);
    }
    // Either it is the same address, or none that anybody can have; and no body is looked at by half.
    for email in
        [" ada.b@x.io", "ada.b@x.io ", "ada.b@x.io.", "ada.b@X.IO", "ada.b@x.io\u{200b}", "ada.b@x\u{3002}io"]
    {
        let status = house.login(email, PASSWORD).await.status.as_u16();
        assert!([422, 429].contains(&status), "{email:?}: {status}");
    }
    let bodies = [
        r#"{"email":"ada.b@x.io","email":"ada.b@x.io","password":"correct horse battery staple"}"#,
        r#"{"email":["ada.b@x.io"],"password":"correct horse battery staple"}"#,
        r#"{"email":"ada.b@x.io","password":["correct horse battery staple"]}"#,
        r#"{"email":"ada.b@x.io","password":"correct horse battery staple","passwords":["a","b"]}"#,
        r#"[{"email":"ada.b@x.io","password":"correct horse battery staple"}]"#,
    ];
    for body in bodies {
        let answer = house.post("/auth/login").raw("application/json", body.as_bytes()).send().await;
        assert!([400, 422].contains(&answer.status.as_u16()), "{body}: {answer:?}");
    }
    let key = || house.post("/auth/login").key("k-1");
    let body = json!({ "email": "ada.b@x.io", "password": PASSWORD });
    key().json(body.clone()).send().await.must_be(429);
    key().json(body).send().await.must_be(429);
}

#[tokio::test]
async fn two_processes_count_together() {
    let house = House::new().await;
    house.guest("ada@x.io").await;
    let other = house.beside().await;
    let guess = |number: usize| {
        if number.is_multiple_of(2) { house.login("ada@x.io", WRONG) } else { other.login("ada@x.io", WRONG) }
    };
    let answers = crowd((0..200).map(guess)).await;
    let looked_at = answers.iter().filter(|answer| answer.status.as_u16() == 401).count();
    assert_eq!((looked_at, answers.len()), (5, 200));
}

#[tokio::test]
async fn a_lockout_ends_by_itself_and_the_next_is_longer() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    for _ in 0..5 {
        house.login("ada@x.io", WRONG).await.must_be(401);
    }
    house.clock.advance(Duration::from_secs(59));
    house.login("ada@x.io", PASSWORD).await.must_be(429);
    house.clock.advance(Duration::from_secs(1));
    house.login("ada@x.io", WRONG).await.must_be(401);
    house.login("ada@x.io", PASSWORD).await.must_be(429);
    house.clock.advance(Duration::from_secs(120));
    house.login("ada@x.io", PASSWORD).await.must_be(200);
    for _ in 0..4 {
        house.login("ada@x.io", WRONG).await.must_be(401);
    }
    house.login("ada@x.io", PASSWORD).await.must_be(200);
    house.settle().await;
    let facts = house.facts(&StreamName::sign_in(guest.id)).await;
    let scope = |fact: &Fact| if let Fact::LockedOut(lock) = fact { Some(lock.scope) } else { None };
    let scopes: Vec<_> = facts.iter().filter_map(scope).collect();
    assert_eq!(scopes, [LockoutScope::Source; 2]);
}

#[tokio::test]
async fn a_restart_forgets_nothing() {
    let house = House::new().await;
    house.guest("ada@x.io").await;
    for _ in 0..5 {
        house.login("ada@x.io", WRONG).await.must_be(401);
    }
    let house = house.reopened(|_| {}).await;
    house.login("ada@x.io", PASSWORD).await.must_be(429);
}

#[tokio::test]
async fn what_is_written_down_of_a_flood_is_bounded() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let (address, _serving) = served(&house).await;
    // All twenty of them are looked at, and none is written down of the second half.
    lock_account(address).await;
    house.settle().await;
    let told = house.told(&StreamName::sign_in(guest.id)).await;
    assert_eq!(told.iter().filter(|told| *told == "user.sign_in_failed").count(), 10, "{told:?}");
}

#[tokio::test]
async fn an_admin_lifts_a_lockout() {
    let house = House::new().await;
    let admin = house.admin().await;
    let guest = house.guest("ada@x.io").await;
    for _ in 0..5 {
        house.login("ada@x.io", WRONG).await.must_be(401);
    }
    house.settle().await;
    let path = format!("/users/{}/lockout", guest.id);
    house.delete(&path).by(&guest).send().await.must_say(403, "forbidden");
    house.delete(&path).by(&admin).send().await.must_be(204);
    house.delete(&path).by(&admin).send().await.must_be(204);
    house.login("ada@x.io", PASSWORD).await.must_be(200);
    let told = house.told(&StreamName::sign_in(guest.id)).await;
    assert_eq!(told.iter().filter(|told| *told == "user.lockout_lifted").count(), 1);
    let unknown = format!("/users/{}/lockout", uuid::Uuid::from_u128(7));
    house.delete(&unknown).by(&admin).send().await.must_say(404, "not-found");
}

#[tokio::test]
async fn guessing_the_current_password_is_throttled_alike() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let change = |current: &str| {
        let body = json!({ "current_password": current, "new_password": "seventeen grey herons" });
        house.post("/auth/password").by(&guest).json(body).send()
    };
    for _ in 0..5 {
        change(WRONG).await.must_say(401, "invalid-credentials");
    }
    change(PASSWORD).await.must_say(429, "too-many-attempts");
    assert!(house.is_signed_in(&guest).await, "a session that is there goes on");
}

#[tokio::test]
async fn there_are_no_limits_where_they_are_off() {
    let house = House::with(|config| config.rate_limits = false).await;
    house.guest("ada@x.io").await;
    for _ in 0..30 {
        house.login("ada@x.io", WRONG).await.must_be(401);
    }
    house.login("ada@x.io", PASSWORD).await.must_be(200);
}
