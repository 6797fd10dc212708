//! How often somebody may guess, at `POST /auth/login` and wherever a password is asked for.

use crate::house::{House, PASSWORD};
use events::{Fact, LockoutScope, StreamName};
use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;

const WRONG: &str = "wrong horse battery staple";

#[tokio::test]
async fn of_two_hundred_guesses_at_once_five_are_looked_at() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let answers = join_all((0..200).map(|_| house.login("ada@x.io", WRONG))).await;
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
    for fact in house.facts(&StreamName::sign_in(guest.id)).await {
        if let Fact::LockedOut(lock) = fact {
            assert_eq!(lock.scope, LockoutScope::Source);
        }
    }
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
    for _ in 0..14 {
        house.login("ada@x.io", WRONG).await;
        house.clock.advance(Duration::from_secs(61));
    }
    house.settle().await;
    let told = house.told(&StreamName::sign_in(guest.id)).await;
    assert!(told.iter().filter(|told| *told == "user.sign_in_failed").count() <= 10, "{told:?}");
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
