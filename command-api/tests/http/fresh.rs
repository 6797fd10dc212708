//! What matters most wants a person who proved only a while ago who they are (RFC 9470).

use crate::house::{Asking, House};
use axum::http::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// Every command that asks for it, for this person.
fn guarded(id: &str) -> Vec<(Method, String, Value)> {
    let user = |rest: &str| format!("/users/{id}/{rest}");
    let period = json!({ "from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z", "reason": "a claim" });
    vec![
        (Method::PUT, user("roles/auditor"), Value::Null),
        (Method::DELETE, user("roles/auditor"), Value::Null),
        (Method::PUT, "/roles/front-desk".into(), json!({ "permissions": [] })),
        (Method::DELETE, "/roles/front-desk".into(), Value::Null),
        (Method::POST, "/users".into(), json!({ "email": "new@x.io", "roles": ["auditor"] })),
        (Method::PUT, user("hold"), json!({ "reason": "a claim" })),
        (Method::DELETE, user("hold"), Value::Null),
        (Method::PUT, "/holds/claim".into(), period),
        (Method::DELETE, "/holds/claim".into(), Value::Null),
        (Method::POST, user("erasure"), Value::Null),
    ]
}

fn asking<'a>(house: &'a House, (method, path, body): &(Method, String, Value)) -> Asking<'a> {
    let asking = house.ask(method.clone(), path);
    if body.is_null() { asking } else { asking.json(body.clone()) }
}

#[tokio::test]
async fn what_matters_most_is_refused_to_a_proof_of_long_ago() {
    let house = House::with(|config| config.access_ttl = Duration::from_secs(3_600)).await;
    let admin = house.admin().await;
    let ada = house.guest("ada@x.io").await;
    let commands = guarded(&ada.id.to_string());
    house.clock.advance(Duration::from_secs(901));
    let before = house.all_told().await.len();
    for command in &commands {
        let refused = asking(&house, command).by(&admin).send().await;
        let refused = refused.must_say(401, "insufficient-user-authentication");
        let challenge = refused.header("www-authenticate").expect("a challenge");
        assert!(challenge.starts_with("Bearer error=\"insufficient_user_authentication\""), "{challenge}");
        assert!(challenge.contains("max_age=\"900\""), "{challenge}");
    }
    assert_eq!(house.all_told().await.len(), before);
    let admin = house.signed_in("root@admins.example").await;
    for command in &commands {
        let status = asking(&house, command).by(&admin).send().await.status;
        assert!(status.is_success(), "{command:?}: {status}");
    }
}

#[tokio::test]
async fn refreshing_proves_nothing() {
    let house = House::new().await;
    let admin = house.admin().await;
    house.clock.advance(Duration::from_secs(901));
    let refreshed = house.refresh(&admin.refresh_token).await.must_be(200).guest();
    let define = house.put("/roles/front-desk").by(&refreshed).json(json!({ "permissions": [] }));
    define.send().await.must_say(401, "insufficient-user-authentication");
}

#[tokio::test]
async fn how_long_ago_is_configured_and_ends_on_the_dot() {
    let house = House::with(|config| config.fresh_auth = Duration::from_secs(60)).await;
    let admin = house.admin().await;
    let define = || house.put("/roles/front-desk").by(&admin).json(json!({ "permissions": [] })).send();
    house.clock.advance(Duration::from_secs(60));
    define().await.must_be(201);
    house.clock.advance(Duration::from_secs(1));
    define().await.must_say(401, "insufficient-user-authentication");
}

#[tokio::test]
async fn everything_else_goes_on() {
    let house = House::with(|config| config.access_ttl = Duration::from_secs(3_600)).await;
    let admin = house.admin().await;
    house.clock.advance(Duration::from_secs(1_800));
    house.post("/users").by(&admin).json(json!({ "email": "new@x.io" })).send().await.must_be(201);
    let body = json!({ "display_name": "Root" });
    house.put(&format!("/users/{}", admin.id)).by(&admin).json(body).send().await.must_be(200);
}
