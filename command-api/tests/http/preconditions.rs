//! `ETag` and `If-Match`, on users and roles.

use crate::house::House;
use futures_util::future::join_all;
use serde_json::json;

#[tokio::test]
async fn a_write_is_held_to_the_version_that_was_seen() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let path = format!("/users/{}", guest.id);
    let put = |tag: &str, name: &str| {
        house.put(&path).by(&guest).header("if-match", tag).json(json!({ "display_name": name })).send()
    };
    put("\"2\"", "A").await.must_say(412, "precondition-failed");
    put("W/\"1\"", "A").await.must_say(412, "precondition-failed");
    put("\"01\"", "A").await.must_say(412, "precondition-failed");
    put("\"nonsense\"", "A").await.must_say(412, "precondition-failed");
    put("nonsense", "A").await.must_say(400, "malformed-request");
    assert_eq!(put("\"1\"", "A").await.must_be(200).header("etag"), Some("\"2\""));
    put("\"1\"", "B").await.must_say(412, "precondition-failed");
    put("\"9\", \"2\"", "B").await.must_be(200);
    put("*", "C").await.must_be(200);
    assert_eq!(house.told_of(guest.id).await.len(), 4);
}

#[tokio::test]
async fn of_twenty_writes_to_one_version_one_is_done() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let path = format!("/users/{}", guest.id);
    let names: Vec<_> = (0..20).map(|n| format!("Ada {n}")).collect();
    let put = |name: &String| {
        house.put(&path).by(&guest).header("if-match", "\"1\"").json(json!({ "display_name": name })).send()
    };
    let answers = join_all(names.iter().map(put)).await;
    let count = |status| answers.iter().filter(|answer| answer.status.as_u16() == status).count();
    assert_eq!((count(200), count(412)), (1, 19));
    assert_eq!(house.told_of(guest.id).await.len(), 2);
}

#[tokio::test]
async fn roles_are_held_to_their_version_too() {
    let house = House::new().await;
    let admin = house.admin().await;
    let define = |tag: &str, permission: &str| {
        let body = json!({ "permissions": [permission] });
        house.put("/roles/x").by(&admin).header("if-match", tag).json(body).send()
    };
    define("*", "users:read").await.must_say(412, "precondition-failed");
    house.put("/roles/x").by(&admin).json(json!({ "permissions": [] })).send().await.must_be(201);
    assert_eq!(define("\"1\"", "users:read").await.must_be(200).header("etag"), Some("\"2\""));
    define("\"1\"", "users:write").await.must_say(412, "precondition-failed");
    let removed = house.delete("/roles/x").by(&admin).header("if-match", "\"1\"").send().await;
    removed.must_say(412, "precondition-failed");
    house.delete("/roles/x").by(&admin).header("if-match", "\"2\"").send().await.must_be(204);
}
