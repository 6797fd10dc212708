//! What holds for every command at once, read from the OpenAPI document that they make themselves.

use crate::{
    house::{House, PASSWORD},
    users_picture::{form, png},
};
use axum::http::Method;
use serde_json::{Value, json};
use service::{Code, openapi::describe, shared::Class};
use uuid::Uuid;

/// Commands that anybody may try.
pub(crate) const UNSIGNED: [&str; 8] = [
    "register",
    "login",
    "refresh",
    "logout",
    "forgotPassword",
    "resetPassword",
    "requestVerification",
    "verifyEmail",
];

/// Commands on others that a permission alone opens, and with it the body that they need.
fn permitted() -> Vec<(&'static str, Value)> {
    vec![
        ("createUser", json!({ "email": "new@x.io" })),
        ("deleteUser", Value::Null),
        ("eraseUser", Value::Null),
        ("holdUser", json!({ "reason": "a claim" })),
        ("liftUserHold", Value::Null),
        (
            "holdPeriod",
            json!({ "from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z", "reason": "a claim" }),
        ),
        ("liftPeriodHold", Value::Null),
        ("suspendUser", json!({ "reason": "spam" })),
        ("reinstateUser", Value::Null),
        ("liftLockout", Value::Null),
        ("grantRole", Value::Null),
        ("revokeRole", Value::Null),
        ("removeFactors", Value::Null),
        ("endSession", Value::Null),
        ("endSessions", Value::Null),
        ("defineRole", json!({ "permissions": [] })),
        ("removeRole", Value::Null),
        ("createServiceAccount", json!({ "name": "x", "permissions": [] })),
        ("removeServiceAccount", Value::Null),
        ("issueKey", json!({ "name": "x", "permissions": [], "expires_at": "2026-12-24T12:00:00Z" })),
        ("revokeKey", Value::Null),
    ]
}

/// Every command: its operation's id, method and path, with ids that nobody has.
pub(crate) fn commands(house: &House) -> Vec<(String, Method, String)> {
    let nobody = Uuid::from_u128(7).to_string();
    let named = |documented: Documented| (documented.id, documented.method, documented.path);
    documented(house, &nobody).into_iter().map(named).collect()
}

/// A command, as its page in the document says.
struct Documented {
    id: String,
    method: Method,
    path: String,
    page: Value,
}

impl Documented {
    /// Whether it understands a header.
    fn understands(&self, header: &str) -> bool {
        let parameters = self.page["parameters"].as_array().cloned().unwrap_or_default();
        parameters.iter().any(|parameter| parameter["in"] == "header" && parameter["name"] == header)
    }
}

/// Every command, with this id in its path.
fn documented(house: &House, id: &str) -> Vec<Documented> {
    let mut document = house.document();
    describe(&mut document);
    let document: Value = serde_json::to_value(document).expect("a document");
    let mut commands = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        let path = path.strip_prefix("/api/v1").expect("the base path").to_owned();
        let path = path.replace("{id}", id).replace("{session}", id).replace("{key}", id);
        let path = path.replace("{role}", "auditor").replace("{name}", "front-desk");
        for (method, page) in operations.as_object().expect("operations") {
            commands.push(Documented {
                id: page["operationId"].as_str().expect("an id").to_owned(),
                method: method.to_uppercase().parse().expect("a method"),
                path: path.clone(),
                page: page.clone(),
            });
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
    assert_eq!((count, ids.len()), (44, 44), "{ids:?}");
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
        .header("x-original-url", "/api/v1/auth/sessions")
        .header("x-rewrite-url", "/api/v1/auth/sessions")
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
    for (_, method, route) in Class::routes() {
        let path = route.strip_prefix("/api/v1").expect("the base path");
        let known = commands.iter().any(|(_, verb, known)| verb.as_str() == method && known == path);
        assert!(known, "{method} {route} is limited, and there is no such command");
    }
}

/// Commands that have a mail sent, or try a link that was mailed.
const MAILING: [&str; 3] = ["forgotPassword", "requestVerification", "verifyEmail"];

/// What is hashed or compared costs a core: whoever adds such a command must limit it as the others are.
#[tokio::test]
async fn a_command_that_takes_a_password_is_limited_as_a_credential() {
    let house = House::new().await;
    let document = serde_json::to_value(house.document()).expect("a document");
    let listed: Vec<_> = Class::routes().filter(|(class, ..)| *class == Class::Credentials).collect();
    let mut taking = 0;
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, page) in operations.as_object().expect("operations") {
            let mails = MAILING.contains(&page["operationId"].as_str().expect("an id"));
            if !mails && !takes_a_password(&document, page) {
                continue;
            }
            taking += 1;
            let method = method.to_uppercase();
            let known = listed.iter().any(|(_, verb, route)| *verb == method && route == path);
            assert!(known, "{method} {path} takes a password and is not limited as a credential");
        }
    }
    assert_eq!(
        taking,
        listed.len(),
        "a command is limited as a credential, and takes no password and no mail"
    );
}

/// Whether the body has a field for a password.
fn takes_a_password(document: &Value, page: &Value) -> bool {
    let schema = &page["requestBody"]["content"]["application/json"]["schema"];
    let schema = match schema["$ref"].as_str() {
        Some(shown) => document.pointer(shown.strip_prefix('#').expect("a place here")).expect("a schema"),
        None => schema,
    };
    let fields = schema["properties"].as_object();
    let secrets = ["password", "new_password", "current_password"];
    fields.is_some_and(|fields| secrets.iter().any(|secret| fields.contains_key(*secret)))
}

#[tokio::test]
async fn a_text_that_is_no_id_is_as_unknown_as_any_and_only_to_who_is_signed_in() {
    let house = House::new().await;
    let admin = house.admin().await;
    for Documented { method, path, page, .. } in documented(&house, "no-id") {
        if !path.contains("no-id") {
            continue;
        }
        house.ask(method.clone(), &path).send().await.must_say(401, "unauthenticated");
        house.ask(method.clone(), &path).bearer("e30.e30.").send().await.must_say(401, "invalid-token");
        let asking = house.ask(method, &path).by(&admin);
        let asking = if page["requestBody"].is_null() { asking } else { asking.json(json!({})) };
        asking.send().await.must_say(404, "not-found");
    }
}

#[tokio::test]
async fn a_command_without_a_body_refuses_one() {
    let house = House::new().await;
    let admin = house.admin().await;
    let ada = house.guest("ada@x.io").await;
    let before = house.all_told().await.len();
    let mut refused = 0;
    for Documented { method, path, page, .. } in documented(&house, &ada.id.to_string()) {
        if page["requestBody"].is_null() {
            let asking = house.ask(method, &path).by(&admin).json(json!({ "reason": "spam" }));
            asking.send().await.must_say(400, "malformed-request");
            refused += 1;
        }
    }
    assert_eq!((refused, house.all_told().await.len()), (19, before));
}

/// A word that is no code would be passed over, and the document would hide how the command fails.
#[tokio::test]
async fn a_command_names_its_own_problems_by_codes_that_there_are() {
    let house = House::new().await;
    let document = serde_json::to_value(house.document()).expect("a document");
    let mut named = 0;
    for operations in document["paths"].as_object().expect("paths").values() {
        for page in operations.as_object().expect("operations").values() {
            for code in page["x-problems"].as_array().into_iter().flatten() {
                assert!(Code::ALL.iter().any(|known| code == known.as_str()), "{code} is no code");
                named += 1;
            }
        }
    }
    assert!(named > 20, "only {named} codes are named");
}

/// What the document says of `If-Match` is what commands do with it.
#[tokio::test]
async fn a_command_is_held_to_a_version_if_it_says_so_and_only_then() {
    let house = House::new().await;
    let admin = house.admin().await;
    let ada = house.guest("ada@x.io").await;
    let password = json!({ "current_password": PASSWORD, "new_password": "another horse battery staple" });
    let mut bodies = permitted();
    bodies.extend([
        ("patchUser", json!({ "display_name": "Ada" })),
        ("putUser", json!({ "display_name": "Ada" })),
        ("changePassword", password),
        ("changeEmail", json!({ "password": PASSWORD, "new_email": "ada@y.io" })),
        ("closeAccount", json!({ "password": PASSWORD })),
        ("confirmTotp", json!({ "code": "123456" })),
        ("removeTotp", json!({ "password": PASSWORD })),
    ]);
    for documented in documented(&house, &ada.id.to_string()) {
        if UNSIGNED.contains(&documented.id.as_str()) {
            continue;
        }
        let body = bodies.iter().find(|(id, _)| *id == documented.id).map(|(_, body)| body.clone());
        let asking = house.ask(documented.method.clone(), &documented.path).by(&admin);
        let asking = asking.header("if-match", "\"999\"");
        let asking = match body {
            Some(body) if !body.is_null() => asking.json(body),
            Some(_) | None if documented.id == "putPicture" => {
                asking.raw("multipart/form-data; boundary=edge", &form(&png(7)))
            }
            Some(_) | None => asking,
        };
        let status = asking.send().await.status.as_u16();
        // What is to come to be has no version yet, so that no wish for one can hold.
        let held = documented.understands("If-Match") || documented.id == "createUser";
        assert_eq!(status == 412, held, "{}: {status}", documented.id);
        assert!(documented.understands("Idempotency-Key") && !documented.understands("Evident-Min-Position"));
    }
}
