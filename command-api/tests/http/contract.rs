//! What holds for every command at once, read from the OpenAPI document that they make themselves.

use crate::house::House;
use axum::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// Commands that anybody may try.
const UNSIGNED: [&str; 4] = ["register", "login", "refresh", "logout"];

/// Commands on others that a permission alone opens, and with it the body that they need.
fn permitted() -> Vec<(&'static str, Value)> {
    vec![
        ("createUser", json!({ "email": "new@x.io" })),
        ("deleteUser", Value::Null),
        ("eraseUser", Value::Null),
        ("suspendUser", json!({ "reason": "spam" })),
        ("reinstateUser", Value::Null),
        ("liftLockout", Value::Null),
        ("grantRole", Value::Null),
        ("revokeRole", Value::Null),
        ("endSession", Value::Null),
        ("endSessions", Value::Null),
        ("defineRole", json!({ "permissions": [] })),
        ("removeRole", Value::Null),
    ]
}

/// Every command: its operation's id, method and path, with ids that nobody has.
fn commands(house: &House) -> Vec<(String, Method, String)> {
    let document: Value = serde_json::to_value(house.document()).expect("a document");
    let paths = document["paths"].as_object().expect("paths").clone();
    let nobody = Uuid::from_u128(7).to_string();
    let mut commands = Vec::new();
    for (path, operations) in paths {
        let path = path.strip_prefix("/api/v1").expect("the base path").to_owned();
        let path = path.replace("{id}", &nobody).replace("{session}", &nobody);
        let path = path.replace("{role}", "auditor").replace("{name}", "front-desk");
        for (method, operation) in operations.as_object().expect("operations") {
            let method = method.to_uppercase().parse().expect("a method");
            commands.push((
                operation["operationId"].as_str().expect("an id").to_owned(),
                method,
                path.clone(),
            ));
        }
    }
    commands
}

#[tokio::test]
async fn every_command_is_documented() {
    let house = House::new().await;
    let mut ids: Vec<_> = commands(&house).into_iter().map(|(id, ..)| id).collect();
    ids.sort();
    let count = ids.len();
    ids.dedup();
    assert_eq!((count, ids.len()), (22, 22), "{ids:?}");
}

#[tokio::test]
async fn nobody_commands_unsigned_but_for_a_few() {
    let house = House::new().await;
    for (id, method, path) in commands(&house) {
        if UNSIGNED.contains(&id.as_str()) {
            continue;
        }
        house.ask(method.clone(), &path).send().await.must_say(401, "unauthenticated");
        let forged = house.ask(method, &path).bearer("eyJhbGciOiJub25lIn0.e30.").send().await;
        let forged = forged.must_say(401, "invalid-token");
        assert_eq!(forged.header("www-authenticate"), Some("Bearer error=\"invalid_token\""), "{id}");
    }
    assert!(house.all_told().await.is_empty());
}

#[tokio::test]
async fn each_role_may_do_what_it_permits_and_nothing_else() {
    let house = House::new().await;
    let admin = house.admin().await;
    let auditor = house.guest_with(&admin, "auditor@x.io", "auditor").await;
    let user = house.guest("user@x.io").await;
    let before = house.all_told().await.len();
    let commands = commands(&house);
    for (wanted, body) in permitted() {
        let (_, method, path) = commands.iter().find(|(id, ..)| id == wanted).expect("a command");
        for guest in [&user, &auditor] {
            let asking = house.ask(method.clone(), path).by(guest);
            let asking = if body.is_null() { asking } else { asking.json(body.clone()) };
            asking.send().await.must_say(403, "forbidden");
        }
    }
    assert_eq!(house.all_told().await.len(), before);
    for (wanted, body) in permitted() {
        let (_, method, path) = commands.iter().find(|(id, ..)| id == wanted).expect("a command");
        let asking = house.ask(method.clone(), path).by(&admin);
        let asking = if body.is_null() { asking } else { asking.json(body.clone()) };
        let status = asking.send().await.status.as_u16();
        assert!([201, 204, 404].contains(&status), "{wanted}: {status}");
    }
}

#[tokio::test]
async fn identity_comes_from_the_token_alone() {
    let house = House::new().await;
    let admin = house.admin().await;
    let guest = house.guest("ada@x.io").await;
    let asking = house.delete(&format!("/users/{}", guest.id)).by(&guest);
    let id = admin.id.to_string();
    let asking = asking
        .header("x-user-id", &id)
        .header("x-forwarded-user", &id)
        .header("x-http-method-override", "POST");
    asking.send().await.must_say(403, "forbidden");
    let two = house.delete("/auth/sessions").by(&guest).by(&admin).send().await;
    two.must_say(400, "malformed-request");
    let query = house.delete(&format!("/auth/sessions?access_token={}", guest.access_token)).send().await;
    query.must_say(401, "unauthenticated");
}

#[tokio::test]
async fn what_has_a_limit_of_its_own_is_a_command() {
    let house = House::new().await;
    let commands = commands(&house);
    for (method, route) in service::shared::Class::routes() {
        let path = route.strip_prefix("/api/v1").expect("the base path");
        let known = commands.iter().any(|(_, verb, known)| verb.as_str() == method && known == path);
        assert!(known, "{method} {route} is limited, and there is no such command");
    }
}
