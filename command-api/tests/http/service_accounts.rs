//! `POST /service-accounts`, `DELETE /service-accounts/{id}`, `POST /service-accounts/{id}/keys`,
//! `DELETE /service-accounts/{id}/keys/{key}`, and what keys open.

use crate::house::{Answer, Guest, House};
use events::{Actor, Fact, KeyId, ServiceAccountId, StreamName, Timestamp};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const DAY: Duration = Duration::from_secs(86_400);

pub(crate) async fn account(house: &House, by: &Guest, permissions: Value) -> ServiceAccountId {
    let body = json!({ "name": "nightly import", "permissions": permissions });
    let answer = house.post("/service-accounts").by(by).json(body).send().await.must_be(201);
    answer.body()["id"].as_str().expect("an id").parse().expect("an id")
}

async fn issue(house: &House, by: &Guest, account: ServiceAccountId, permissions: Value) -> Answer {
    let expires_at = house.clock.now().after(30 * DAY);
    let body = json!({ "name": "build", "permissions": permissions, "expires_at": expires_at });
    house.post(&format!("/service-accounts/{account}/keys")).by(by).json(body).send().await
}

/// A key's id and its text.
pub(crate) async fn key(
    house: &House,
    by: &Guest,
    account: ServiceAccountId,
    permissions: Value,
) -> (KeyId, String) {
    let body = issue(house, by, account, permissions).await.must_be(201).body();
    let text = |field: &str| body[field].as_str().expect("a text").to_owned();
    (text("id").parse().expect("an id"), text("key"))
}

/// Creates somebody with a key, which needs `users:write`.
pub(crate) async fn create(house: &House, key: &str, email: &str) -> Answer {
    house.post("/users").bearer(key).json(json!({ "email": email })).send().await
}

#[tokio::test]
async fn a_key_opens_what_it_permits_until_it_is_revoked() {
    let house = House::new().await;
    let admin = house.admin().await;
    let account = account(&house, &admin, json!(["users:write", "users:read"])).await;
    let (id, text) = key(&house, &admin, account, json!(["users:write"])).await;
    let created = create(&house, &text, "one@x.io").await.must_be(201);
    let user: events::UserId = created.body()["id"].as_str().expect("an id").parse().expect("an id");
    let record = house.stored(&StreamName::user(user)).await.remove(0).record;
    assert_eq!(record.context.actor, Actor::Service { account, key: id });
    // It permits no more than it says, although its account might.
    let lead = json!({ "permissions": [] });
    house.put("/roles/lead").bearer(&text).json(lead).send().await.must_say(403, "forbidden");
    let path = format!("/service-accounts/{account}/keys/{id}");
    house.delete(&path).by(&admin).send().await.must_be(204);
    create(&house, &text, "two@x.io").await.must_say(401, "invalid-token");
    house.delete(&path).by(&admin).send().await.must_say(404, "not-found");
    let told = house.told(&StreamName::service(account)).await;
    assert_eq!(told, ["service_account.created", "key.issued", "key.revoked"]);
}

#[tokio::test]
async fn a_key_ends_with_its_time_and_with_its_account() {
    let house = House::new().await;
    let admin = house.admin().await;
    let account = account(&house, &admin, json!(["users:write"])).await;
    let (_, first) = key(&house, &admin, account, json!(["users:write"])).await;
    house.clock.advance(30 * DAY - Duration::from_secs(1));
    create(&house, &first, "one@x.io").await.must_be(201);
    house.clock.advance(Duration::from_secs(1));
    create(&house, &first, "two@x.io").await.must_say(401, "invalid-token");
    let admin = house.signed_in("root@admins.example").await;
    let (_, second) = key(&house, &admin, account, json!(["users:write"])).await;
    create(&house, &second, "two@x.io").await.must_be(201);
    for _ in 0..2 {
        house.delete(&format!("/service-accounts/{account}")).by(&admin).send().await.must_be(204);
    }
    create(&house, &second, "three@x.io").await.must_say(401, "invalid-token");
    issue(&house, &admin, account, json!([])).await.must_say(404, "not-found");
}

#[tokio::test]
async fn what_is_no_key_of_ours_opens_nothing() {
    let house = House::new().await;
    let admin = house.admin().await;
    let account = account(&house, &admin, json!(["users:write"])).await;
    let (id, text) = key(&house, &admin, account, json!(["users:write"])).await;
    let with_secret = |id, account| service::api_key::ApiKey::new(id, account, [7; 32]).text().to_string();
    for wrong in [
        "evk_".to_owned(),
        text[..text.len() - 1].to_owned(),
        with_secret(id, account),
        with_secret(KeyId(Uuid::from_u128(7)), account),
        with_secret(id, ServiceAccountId(Uuid::from_u128(7))),
    ] {
        create(&house, &wrong, "one@x.io").await.must_say(401, "invalid-token");
    }
    // Kinds of tokens are not taken for each other.
    house.refresh(&text).await.must_say(401, "invalid-refresh-token");
    create(&house, &admin.refresh_token, "one@x.io").await.must_say(401, "invalid-token");
}

#[tokio::test]
async fn the_secret_is_shown_once_and_kept_nowhere() {
    let house = House::new().await;
    let admin = house.admin().await;
    let account = account(&house, &admin, json!(["users:write"])).await;
    let expires_at = house.clock.now().after(DAY);
    let body = json!({ "name": "build", "permissions": ["users:write"], "expires_at": expires_at });
    let path = format!("/service-accounts/{account}/keys");
    let issue = || house.post(&path).by(&admin).key("k-1").json(body.clone()).send();
    let issued = issue().await.must_be(201).body();
    let text = issued["key"].as_str().expect("a key");
    assert!(text.starts_with(issued["prefix"].as_str().expect("a prefix")));
    issue().await.must_say(409, "conflict");
    assert_eq!(house.told(&StreamName::service(account)).await.len(), 2, "the second try issues nothing");
    create(&house, text, "one@x.io").await.must_be(201);
    let secret = &text[69..];
    let kept = house.kept();
    assert!(!kept.windows(32).any(|window| window == &secret.as_bytes()[..32]), "the secret lies somewhere");
}

#[tokio::test]
async fn use_stands_in_the_log_once_a_day() {
    let house = House::new().await;
    let admin = house.admin().await;
    let account = account(&house, &admin, json!(["users:write"])).await;
    let (id, text) = key(&house, &admin, account, json!(["users:write"])).await;
    let stream = StreamName::key_use(id);
    assert!(house.told(&stream).await.is_empty());
    let emails: Vec<_> = (0..8).map(|n| format!("{n}@x.io")).collect();
    for answer in join_all(emails.iter().map(|email| create(&house, &text, email))).await {
        answer.must_be(201);
    }
    assert_eq!(house.told(&stream).await, ["key.used"]);
    house.clock.advance(DAY);
    for email in ["8@x.io", "9@x.io"] {
        create(&house, &text, email).await.must_be(201);
    }
    assert_eq!(house.told(&stream).await, ["key.used", "key.used"]);
    let [Fact::KeyUsed(used), _] = &house.facts(&stream).await[..] else { panic!("two uses") };
    assert_eq!(used.account_id, account);
}

#[tokio::test]
async fn nobody_gives_a_program_more_than_they_may_do() {
    let house = House::new().await;
    let admin = house.admin().await;
    let permissions = json!(["keys:write", "users:read", "users:write"]);
    house.put("/roles/keys").by(&admin).json(json!({ "permissions": permissions })).send().await.must_be(201);
    let keeper = house.guest_with(&admin, "keeper@x.io", "keys").await;
    let ada = house.guest("ada@x.io").await;
    let body = |permissions: Value| json!({ "name": "x", "permissions": permissions });
    for (by, permissions, status) in [
        (&ada, json!([]), 403),
        (&keeper, json!(["audit:read"]), 403),
        (&keeper, json!(["users:read"]), 201),
        (&admin, json!(["audit:read"]), 201),
    ] {
        house.post("/service-accounts").by(by).json(body(permissions)).send().await.must_be(status);
    }
    let above = account(&house, &admin, json!(["audit:read", "users:read"])).await;
    issue(&house, &keeper, above, json!(["audit:read"])).await.must_say(403, "forbidden");
    issue(&house, &admin, above, json!(["users:write"])).await.must_refuse("/permissions", "above_account");
    house.delete(&format!("/service-accounts/{above}")).by(&keeper).send().await.must_say(403, "forbidden");
    let (id, _) = key(&house, &admin, above, json!(["audit:read"])).await;
    let path = format!("/service-accounts/{above}/keys/{id}");
    house.delete(&path).by(&keeper).send().await.must_say(403, "forbidden");
    house.delete(&path).by(&ada).send().await.must_say(403, "forbidden");
    house.delete(&path).by(&admin).send().await.must_be(204);
    issue(&house, &keeper, above, json!(["users:read"])).await.must_be(201);
}

#[tokio::test]
async fn a_key_acts_for_no_person_and_makes_no_keys() {
    let house = House::new().await;
    let admin = house.admin().await;
    let everything: Vec<_> = events::Permission::ALL.iter().map(|permission| permission.as_str()).collect();
    let account = account(&house, &admin, json!(everything)).await;
    let (id, text) = key(&house, &admin, account, json!(everything)).await;
    let expires_at = house.clock.now().after(DAY);
    let new_key = json!({ "name": "x", "permissions": [], "expires_at": expires_at });
    let passwords = json!({ "current_password": "x", "new_password": "correct horse battery staple 2" });
    let keys = format!("/service-accounts/{account}/keys");
    for asked in [
        house.post(&keys).json(new_key),
        house.delete(&format!("{keys}/{id}")),
        house.delete(&format!("/service-accounts/{account}")),
        house.post("/service-accounts").json(json!({ "name": "x", "permissions": [] })),
        house.post("/auth/password").json(passwords),
        house.delete("/auth/me").json(json!({ "password": "x" })),
        house.delete("/auth/sessions"),
        house.delete(&format!("/auth/sessions/{}", admin.session)),
    ] {
        asked.bearer(&text).send().await.must_say(403, "forbidden");
    }
    // It reaches whom an admin reaches, and nobody who may do more than it may.
    let (_, less) = key(&house, &admin, account, json!(["users:write", "roles:write"])).await;
    let reason = json!({ "reason": "spam" });
    let suspension = format!("/users/{}/suspension", admin.id);
    house.put(&suspension).bearer(&less).json(reason).send().await.must_say(403, "forbidden");
    let ada = house.guest("ada@x.io").await;
    let grant = |role: &str| house.put(&format!("/users/{}/roles/{role}", ada.id)).bearer(&less).send();
    grant("auditor").await.must_say(403, "forbidden");
    house.put(&format!("/users/{}/roles/auditor", ada.id)).bearer(&text).send().await.must_be(204);
}

#[tokio::test]
async fn what_is_no_account_or_key_is_refused() {
    let house = House::new().await;
    let admin = house.admin().await;
    let post = |body: Value| house.post("/service-accounts").by(&admin).json(body).send();
    post(json!({ "name": "", "permissions": [] })).await.must_refuse("/name", "display_name_invalid");
    post(json!({ "name": "x", "permissions": ["users:fly"] }))
        .await
        .must_refuse("/permissions", "permission_unknown");
    post(json!({ "name": "x" })).await.must_refuse("/permissions", "required");
    post(json!({ "name": "x", "permissions": [], "id": "x" })).await.must_refuse("/id", "unknown_field");
    let account = account(&house, &admin, json!([])).await;
    let now = house.clock.now();
    let later = |expires_at: Timestamp| json!({ "name": "x", "permissions": [], "expires_at": expires_at });
    let keys = format!("/service-accounts/{account}/keys");
    for wrong in [later(now), later(now.after(367 * DAY))] {
        house.post(&keys).by(&admin).json(wrong).send().await.must_refuse("/expires_at", "expiry_invalid");
    }
    let unknown = format!("/service-accounts/{}", Uuid::from_u128(7));
    house.delete(&unknown).by(&admin).send().await.must_say(404, "not-found");
    house.delete("/service-accounts/none").by(&admin).send().await.must_say(404, "not-found");
    house
        .delete(&format!("{keys}/{}", Uuid::from_u128(7)))
        .by(&admin)
        .send()
        .await
        .must_say(404, "not-found");
    for _ in 0..20 {
        key(&house, &admin, account, json!([])).await;
    }
    issue(&house, &admin, account, json!([])).await.must_say(409, "too-many-keys");
}
