//! `PUT /roles/{name}`, `DELETE /roles/{name}`

use crate::house::House;
use serde_json::json;

#[tokio::test]
async fn a_role_permits_what_it_says_from_the_next_command_on() {
    let house = House::new().await;
    let admin = house.admin().await;
    let define = |permissions: serde_json::Value| {
        house.put("/roles/front-desk").by(&admin).json(json!({ "permissions": permissions })).send()
    };
    let answer = define(json!(["users:write", "users:read"])).await.must_be(201);
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!(
        answer.body(),
        json!({
            "name": "front-desk", "permissions": ["users:read", "users:write"], "built_in": false, "version": 1
        })
    );
    define(json!(["users:read", "users:write"])).await.must_be(200);
    let desk = house.guest_with(&admin, "desk@x.io", "front-desk").await;
    let create = |email: &str| house.post("/users").by(&desk).json(json!({ "email": email })).send();
    create("one@x.io").await.must_be(201);
    define(json!([])).await.must_be(200);
    create("two@x.io").await.must_say(403, "forbidden");
    define(json!(["users:write"])).await.must_be(200);
    create("two@x.io").await.must_be(201);
    house.delete("/roles/front-desk").by(&admin).send().await.must_be(204);
    house.delete("/roles/front-desk").by(&admin).send().await.must_be(204);
    create("three@x.io").await.must_say(403, "forbidden");
}

#[tokio::test]
async fn built_in_roles_stay_as_they_are() {
    let house = House::new().await;
    let admin = house.admin().await;
    for role in ["admin", "auditor", "user"] {
        let path = format!("/roles/{role}");
        let body = json!({ "permissions": [] });
        house.put(&path).by(&admin).json(body).send().await.must_say(409, "built-in-role");
        house.delete(&path).by(&admin).send().await.must_say(409, "built-in-role");
    }
}

#[tokio::test]
async fn roles_take_a_permission_and_permit_no_more_than_ones_own() {
    let house = House::new().await;
    let admin = house.admin().await;
    let guest = house.guest("ada@x.io").await;
    let body = || json!({ "permissions": ["users:read"] });
    house.put("/roles/x").json(body()).send().await.must_say(401, "unauthenticated");
    house.put("/roles/x").by(&guest).json(body()).send().await.must_say(403, "forbidden");
    house.delete("/roles/x").by(&guest).send().await.must_say(403, "forbidden");
    let lead = json!({ "permissions": ["roles:write"] });
    house.put("/roles/lead").by(&admin).json(lead).send().await.must_be(201);
    let lead = house.guest_with(&admin, "lead@x.io", "lead").await;
    house.put("/roles/lead").by(&lead).json(body()).send().await.must_say(403, "forbidden");
    house
        .put("/roles/less")
        .by(&lead)
        .json(json!({ "permissions": ["roles:write"] }))
        .send()
        .await
        .must_be(201);
}

#[tokio::test]
async fn what_is_no_role_is_refused() {
    let house = House::new().await;
    let admin = house.admin().await;
    house.delete("/roles/nothing").by(&admin).send().await.must_say(409, "role-unknown");
    let put = |name: &str, body| house.put(&format!("/roles/{name}")).by(&admin).json(body).send();
    put("Not%20A%20Role", json!({ "permissions": [] })).await.must_say(404, "not-found");
    put("x", json!({ "permissions": ["users:fly"] })).await.must_refuse("/permissions", "permission_unknown");
    put("x", json!({})).await.must_refuse("/permissions", "required");
}
