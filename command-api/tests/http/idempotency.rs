//! `Idempotency-Key`, on any command.

use crate::house::{House, PASSWORD};
use events::StreamName;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

#[tokio::test]
async fn registering_again_answers_as_the_first_time() {
    let house = House::new().await;
    let body = json!({ "email": "ada@x.io", "password": PASSWORD });
    let register = || house.post("/auth/register").key("k-1").json(body.clone()).send();
    let first = register().await.must_be(201);
    house.clock.advance(Duration::from_secs(3_600));
    let again = register().await.must_be(201);
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(first.headers, again.headers);
    assert_eq!(house.all_told().await, ["user.registered"]);
    let other = json!({ "email": "eve@x.io", "password": PASSWORD });
    let reused = house.post("/auth/register").key("k-1").json(other.clone()).send().await;
    reused.must_say(422, "idempotency-key-reused");
    house.post("/auth/register").key("k-2").json(other).send().await.must_be(201);
}

#[tokio::test]
async fn twenty_at_once_with_one_key_are_one_command() {
    let house = House::new().await;
    let body = json!({ "email": "ada@x.io", "password": PASSWORD });
    let register = || house.post("/auth/register").key("k-1").json(body.clone()).send();
    let answers = join_all((0..20).map(|_| register())).await;
    let bodies: BTreeSet<_> = answers.into_iter().map(|answer| answer.must_be(201).bytes).collect();
    assert_eq!(bodies.len(), 1);
    assert_eq!(house.all_told().await, ["user.registered"]);
}

#[tokio::test]
async fn signing_in_again_gives_the_same_tokens() {
    let house = House::new().await;
    house.guest("ada@x.io").await;
    let body = json!({ "email": "ada@x.io", "password": PASSWORD });
    let login = || house.post("/auth/login").key("k-1").json(body.clone()).send();
    let first = login().await.must_be(200);
    house.clock.advance(Duration::from_secs(30));
    let again = login().await.must_be(200);
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(first.header("evident-position"), again.header("evident-position"));
    house.refresh(&first.guest().refresh_token).await.must_be(200);
    login().await.must_say(401, "invalid-credentials");
    let started = house.all_told().await.iter().filter(|told| *told == "session.started").count();
    assert_eq!(started, 2, "the guest's own, and this one");
}

#[tokio::test]
async fn signing_in_again_is_refused_once_the_sessions_of_the_person_ended() {
    let house = House::new().await;
    house.guest("ada@x.io").await;
    let body = json!({ "email": "ada@x.io", "password": PASSWORD });
    let login = || house.post("/auth/login").key("k-1").json(body.clone()).send();
    let guest = login().await.must_be(200).guest();
    let change = json!({ "current_password": PASSWORD, "new_password": "a wholly different sentence" });
    house.post("/auth/password").by(&guest).json(change).send().await.must_be(204);
    login().await.must_say(401, "invalid-credentials");
}

#[tokio::test]
async fn a_key_does_not_stretch_the_grace_of_a_refresh_token() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let body = json!({ "refresh_token": guest.refresh_token });
    let refresh = || house.post("/auth/refresh").key("k-1").json(body.clone()).send();
    refresh().await.must_be(200);
    refresh().await.must_be(200);
    house.clock.advance(Duration::from_secs(30));
    refresh().await.must_say(401, "invalid-refresh-token");
}

#[tokio::test]
async fn a_profile_put_again_answers_as_it_was_then() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let path = format!("/users/{}", guest.id);
    let put = |key: &str, name: &str| {
        house.put(&path).by(&guest).key(key).json(json!({ "display_name": name })).send()
    };
    let first = put("k-1", "Ada").await.must_be(200);
    put("k-2", "Countess").await.must_be(200);
    let again = put("k-1", "Ada").await.must_be(200);
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(first.header("etag"), again.header("etag"));
    assert_eq!(first.header("evident-position"), again.header("evident-position"));
    assert_eq!(house.told_of(guest.id).await.len(), 3);
}

/// A role that was narrowed since must not be widened by somebody's second try.
#[tokio::test]
async fn a_role_that_is_defined_again_answers_as_it_was_then() {
    let house = House::new().await;
    let admin = house.admin().await;
    let define = |key: &str, permissions: Value| {
        let define = house.put("/roles/front-desk").by(&admin).key(key);
        define.json(json!({ "permissions": permissions })).send()
    };
    let first = define("k-1", json!(["users:read", "users:write"])).await.must_be(201);
    define("k-2", json!([])).await.must_be(200);
    let again = define("k-1", json!(["users:read", "users:write"])).await.must_be(201);
    assert_eq!((first.bytes, first.headers), (again.bytes, again.headers));
    let stream = StreamName::role(&"front-desk".parse().expect("a name"));
    assert_eq!(house.told(&stream).await, ["role.defined", "role.defined"]);
}

#[tokio::test]
async fn a_lockout_that_was_lifted_is_not_lifted_again() {
    let house = House::new().await;
    let admin = house.admin().await;
    let guest = house.guest("ada@x.io").await;
    let path = format!("/users/{}/lockout", guest.id);
    let lift = || house.delete(&path).by(&admin).key("k-1").send();
    for _ in 0..2 {
        for _ in 0..5 {
            house.login("ada@x.io", "wrong horse battery staple").await.must_be(401);
        }
        house.settle().await;
        lift().await.must_be(204);
    }
    let told = house.told(&StreamName::sign_in(guest.id)).await;
    assert_eq!(told.iter().filter(|told| *told == "user.lockout_lifted").count(), 1, "{told:?}");
}

#[tokio::test]
async fn a_password_that_was_changed_is_not_changed_again() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let body = json!({ "current_password": PASSWORD, "new_password": "seventeen grey herons" });
    for _ in 0..2 {
        house.post("/auth/password").by(&guest).key("k-1").json(body.clone()).send().await.must_be(204);
    }
    assert_eq!(house.told_of(guest.id).await.len(), 3);
}

#[tokio::test]
async fn a_key_is_of_its_caller_and_its_route() {
    let house = House::new().await;
    let (ada, eve) = (house.guest("ada@x.io").await, house.guest("eve@x.io").await);
    for guest in [&ada, &eve] {
        let path = format!("/users/{}", guest.id);
        let put = house.put(&path).by(guest).key("k-1").json(json!({ "display_name": "X" })).send().await;
        put.must_be(200);
        assert_eq!(house.told_of(guest.id).await.len(), 2);
    }
    house.delete("/auth/sessions").by(&ada).key("k-1").send().await.must_be(204);
}

#[tokio::test]
async fn a_key_is_1_to_255_visible_characters() {
    let house = House::new().await;
    let body = json!({ "email": "ada@x.io", "password": PASSWORD });
    for wrong in ["", "a b", &"x".repeat(256)] {
        let answer = house.post("/auth/register").key(wrong).json(body.clone()).send().await;
        answer.must_say(400, "invalid-idempotency-key");
    }
    house.post("/auth/register").key(&"x".repeat(255)).json(body).send().await.must_be(201);
}
