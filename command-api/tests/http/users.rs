//! `POST /users`, `PUT /users/{id}`, `PATCH /users/{id}`

use crate::house::{House, PASSWORD};
use events::{Fact, Permission, StreamName, UserId};
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn an_admin_makes_an_account_for_somebody_else() {
    let house = House::new().await;
    let admin = house.admin().await;
    let body = json!({ "email": "ada@x.io", "display_name": "Ada", "roles": ["auditor"] });
    let answer = house.post("/users").by(&admin).json(body).send().await.must_be(201);
    assert_eq!(answer.body()["roles"], json!(["auditor", "user"]));
    let id: UserId = answer.body()["id"].as_str().expect("an id").parse().expect("an id");
    assert_eq!(answer.header("location"), Some(format!("/api/v1/users/{id}").as_str()));
    let facts = house.facts(&StreamName::user(id)).await;
    let [Fact::UserRegistered(fact)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!(fact.credential, None, "nobody chooses a password for somebody else");
    house.login("ada@x.io", PASSWORD).await.must_say(401, "invalid-credentials");
    let again = json!({ "email": "ADA@x.io" });
    house.post("/users").by(&admin).json(again).send().await.must_say(409, "email-taken");
}

#[tokio::test]
async fn accounts_for_others_take_permissions() {
    let house = House::new().await;
    let admin = house.admin().await;
    let guest = house.guest("ada@x.io").await;
    let body = || json!({ "email": "eve@x.io" });
    house.post("/users").json(body()).send().await.must_say(401, "unauthenticated");
    house.post("/users").by(&guest).json(body()).send().await.must_say(403, "forbidden");
    let desk = json!({ "permissions": ["users:write"] });
    house.put("/roles/front-desk").by(&admin).json(desk).send().await.must_be(201);
    let desk = house.guest_with(&admin, "desk@x.io", "front-desk").await;
    let with_role = json!({ "email": "eve@x.io", "roles": ["auditor"] });
    house.post("/users").by(&desk).json(with_role).send().await.must_say(403, "forbidden");
    house.post("/users").by(&desk).json(body()).send().await.must_be(201);
}

#[tokio::test]
async fn an_account_is_made_with_no_more_than_its_maker_may() {
    let house = House::new().await;
    let admin = house.admin().await;
    let lead = json!({ "permissions": ["users:write", "roles:write"] });
    house.put("/roles/lead").by(&admin).json(lead).send().await.must_be(201);
    let lead = house.guest_with(&admin, "lead@x.io", "lead").await;
    let make = |role: &str| {
        let body = json!({ "email": "eve@x.io", "roles": [role] });
        house.post("/users").by(&lead).json(body).send()
    };
    make("admin").await.must_say(403, "forbidden");
    make("nothing").await.must_say(409, "role-unknown");
    make("lead").await.must_be(201);
}

#[tokio::test]
async fn a_profile_is_put_whole_and_patched_in_part() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let path = format!("/users/{}", guest.id);
    let put = |body: Value| house.put(&path).by(&guest).json(body).send();
    let patch = |body: Value| {
        house.patch(&path).by(&guest).raw("application/merge-patch+json", body.to_string().as_bytes()).send()
    };
    let answer = put(json!({ "display_name": "Ada" })).await.must_be(200);
    assert_eq!(answer.body()["display_name"], "Ada");
    assert_eq!(answer.header("etag"), Some("\"2\""));
    let same = put(json!({ "display_name": "Ada" })).await.must_be(200);
    assert_eq!(same.header("etag"), Some("\"2\""), "the same again is nothing new");
    assert_eq!(patch(json!({})).await.must_be(200).body()["display_name"], "Ada");
    assert_eq!(patch(json!({ "display_name": "Zoë" })).await.must_be(200).body()["display_name"], "Zoë");
    assert_eq!(patch(json!({ "display_name": null })).await.must_be(200).body()["display_name"], Value::Null);
    put(json!({})).await.must_refuse("/display_name", "required");
    assert_eq!(house.told_of(guest.id).await.len(), 4);
}

#[tokio::test]
async fn nothing_else_is_assigned_by_surprise() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let path = format!("/users/{}", guest.id);
    for field in [
        "id",
        "email",
        "email_verified",
        "role",
        "roles",
        "is_admin",
        "version",
        "password",
        "password_hash",
        "status",
    ] {
        let body = json!({ "display_name": "Ada", field: "x" });
        let pointer = format!("/{field}");
        house.put(&path).by(&guest).json(body.clone()).send().await.must_refuse(&pointer, "unknown_field");
        house.patch(&path).by(&guest).json(body).send().await.must_refuse(&pointer, "unknown_field");
    }
    assert_eq!(house.told_of(guest.id).await, ["user.registered"]);
}

#[tokio::test]
async fn somebody_elses_profile_is_as_good_as_unknown_without_the_permission() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (ada, eve) = (house.guest("ada@x.io").await, house.guest("eve@x.io").await);
    let put = |id: UserId, by| {
        house.put(&format!("/users/{id}")).by(by).json(json!({ "display_name": "X" })).send()
    };
    let others = put(ada.id, &eve).await.must_say(404, "not-found");
    let unknown = put(UserId(Uuid::from_u128(7)), &eve).await.must_say(404, "not-found");
    assert_eq!(others.bytes, unknown.bytes);
    assert_eq!(house.told_of(ada.id).await.len(), 1);
    put(ada.id, &admin).await.must_be(200);
    put(UserId(Uuid::from_u128(7)), &admin).await.must_say(404, "not-found");
}

#[tokio::test]
async fn whoever_was_faster_is_decided_about_again() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let path = format!("/users/{}", guest.id);
    let names: Vec<_> = (0..4).map(|n| format!("Ada {n}")).collect();
    let put = |name: &String| house.put(&path).by(&guest).json(json!({ "display_name": name })).send();
    for answer in join_all(names.iter().map(put)).await {
        answer.must_be(200);
    }
    assert_eq!(house.told_of(guest.id).await.len(), 5, "each was written, none was lost");
}

#[tokio::test]
async fn every_permission_can_be_named() {
    let house = House::new().await;
    let admin = house.admin().await;
    let all: Vec<_> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
    house.put("/roles/all").by(&admin).json(json!({ "permissions": all })).send().await.must_be(201);
}
