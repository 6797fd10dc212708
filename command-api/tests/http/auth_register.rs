//! `POST /auth/register`

use crate::house::{House, PASSWORD};
use events::{BuiltInRole, Fact, StreamName, UserId};
use futures_util::future::join_all;
use serde_json::json;
use service::config::Registration;
use std::time::Duration;

fn ada() -> serde_json::Value {
    json!({ "email": "ada@x.io", "password": PASSWORD, "display_name": "Ada" })
}

#[tokio::test]
async fn whoever_registers_is_there() {
    let house = House::new().await;
    let answer = house.post("/auth/register").json(ada()).send().await.must_be(201);
    let body = answer.body();
    let id: UserId = body["id"].as_str().expect("an id").parse().expect("an id");
    assert_eq!(answer.header("location"), Some(format!("/api/v1/users/{id}").as_str()));
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert!(answer.header("evident-position").is_some());
    assert_eq!(body["email"], "ada@x.io");
    assert_eq!(body["email_verified"], false);
    assert_eq!(body["display_name"], "Ada");
    assert_eq!(body["status"], "active");
    assert_eq!(body["roles"], json!(["user"]));
    assert_eq!(body["version"], 1);
    let facts = house.facts(&StreamName::user(id)).await;
    let [Fact::UserRegistered(fact)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!(fact.profile.open().map(|profile| profile.email.as_str()), Some("ada@x.io"));
    assert_eq!(fact.roles, [BuiltInRole::User.name()]);
    let hash =
        &fact.credential.as_ref().and_then(|credential| credential.open()).expect("a hash").password_hash;
    assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
    house.login("ada@x.io", PASSWORD).await.must_be(200);
}

#[tokio::test]
async fn an_address_is_one_persons_however_it_is_written() {
    let house = House::new().await;
    house.guest("Ada@bücher.example").await;
    for email in ["ada@bücher.example", "ADA@BÜCHER.EXAMPLE", "ada@xn--bcher-kva.example"] {
        let body = json!({ "email": email, "password": PASSWORD });
        house.post("/auth/register").json(body).send().await.must_say(409, "email-taken");
    }
    assert_eq!(house.all_told().await, ["user.registered", "session.started"]);
}

#[tokio::test]
async fn of_fifty_who_register_one_address_at_once_one_comes_to_be() {
    let house = House::new().await;
    let answers = join_all((0..50).map(|_| house.post("/auth/register").json(ada()).send())).await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 49, "{statuses:?}");
    assert_eq!(house.all_told().await, ["user.registered"]);
}

#[tokio::test]
async fn a_claim_that_nobody_came_to_be_by_is_free_again_after_a_minute() {
    let house = House::new().await;
    // A process that was killed between claim and append leaves this behind.
    let nobody = UserId(uuid::Uuid::from_u128(7));
    house.vault.claim_address("ada@x.io", nobody, house.clock.now()).await.expect("claimed");
    house.post("/auth/register").json(ada()).send().await.must_say(409, "email-taken");
    house.login("ada@x.io", PASSWORD).await.must_say(401, "invalid-credentials");
    house.clock.advance(Duration::from_secs(61));
    house.post("/auth/register").json(ada()).send().await.must_be(201);
    house.login("ada@x.io", PASSWORD).await.must_be(200);
}

#[tokio::test]
async fn a_claim_whose_person_came_to_be_holds_though_it_was_never_confirmed() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    // As if the process had been killed between append and confirm.
    house.vault.release_address("ada@x.io", ada.id).await.expect("released");
    house.vault.claim_address("ada@x.io", ada.id, house.clock.now()).await.expect("claimed");
    house.clock.advance(Duration::from_secs(61));
    let body = json!({ "email": "ada@x.io", "password": PASSWORD });
    house.post("/auth/register").json(body).send().await.must_say(409, "email-taken");
    house.login("ada@x.io", PASSWORD).await.must_be(200);
}

#[tokio::test]
async fn nobody_registers_where_registration_is_closed() {
    let house = House::with(|config| config.registration = Registration::Closed).await;
    house.post("/auth/register").json(ada()).send().await.must_say(403, "registration-closed");
    assert!(house.all_told().await.is_empty());
}
