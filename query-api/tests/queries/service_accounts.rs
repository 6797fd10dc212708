//! Service accounts, and what their keys may ask.

use crate::world::{Answer, World, anonymous};
use events::{
    Actor, Fact, KeyId, KeyIssued, KeyRevoked, Permission, ServiceAccountCreated, ServiceAccountId,
    StreamName, Version,
};
use http::{StatusCode, header};
use serde_json::{Value, json};
use service::{api_key::ApiKey, position::EVIDENT_MIN_POSITION};
use std::{collections::BTreeSet, time::Duration};

const ACCOUNTS: &str = "/api/v1/service-accounts";
const USERS: &str = "/api/v1/users";
const DAY: Duration = Duration::from_secs(86_400);

/// A service account with one key.
struct Program {
    account: ServiceAccountId,
    key: KeyId,
    text: String,
}

impl World {
    /// Nothing is projected, and the feed may not have seen it yet.
    async fn program(&mut self, permissions: &[Permission]) -> Program {
        let (account, key) = (ServiceAccountId(self.fresh_id()), KeyId(self.fresh_id()));
        let created =
            ServiceAccountCreated { name: "nightly import".into(), permissions: Permission::ALL.into() };
        self.append(StreamName::service(account), None, Fact::ServiceAccountCreated(created)).await;
        let presented = ApiKey::new(key, account, [5; 32]);
        let permissions: BTreeSet<_> = permissions.iter().copied().collect();
        let (name, expires_at) = ("build".into(), self.clock.now().after(30 * DAY));
        let secret_hash = presented.secret_hash();
        let issued = KeyIssued { key_id: key, name, permissions, expires_at, secret_hash };
        self.append(StreamName::service(account), None, Fact::KeyIssued(issued)).await;
        Program { account, key, text: presented.text().to_string() }
    }

    async fn get_with(&self, path: &str, key: &str) -> Answer {
        self.ask(anonymous(path).header(header::AUTHORIZATION, format!("Bearer {key}"))).await
    }
}

#[tokio::test]
async fn a_key_asks_what_it_permits_as_soon_as_it_is_issued() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["user"]).await;
    let program = world.program(&[Permission::UsersRead, Permission::SessionsRead]).await;
    for path in [USERS, &format!("{USERS}/{}", ada.user), &format!("{USERS}/{}/sessions", ada.user)] {
        let answer = world.get_with(path, &program.text).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
    }
    let sessions = world.get_with(&format!("{USERS}/{}/sessions", ada.user), &program.text).await;
    assert_eq!(sessions.each("current"), [json!(false)]);
    for path in ["/api/v1/roles", "/api/v1/audit/events", ACCOUNTS] {
        assert_eq!(world.get_with(path, &program.text).await.code(), "forbidden", "{path}");
    }
    let unseen = world.get_with(&format!("{USERS}/{}/history", ada.user), &program.text).await;
    assert_eq!(unseen.code(), "not-found", "a program is nobody");
}

#[tokio::test]
async fn what_is_for_people_is_not_for_programs() {
    let mut world = World::new().await;
    let program = world.program(&Permission::ALL).await;
    for path in ["/api/v1/auth/sessions", "/api/v1/auth/me"] {
        assert_eq!(world.get_with(path, &program.text).await.code(), "forbidden", "{path}");
    }
}

#[tokio::test]
async fn a_key_that_was_revoked_has_expired_or_lost_its_account_is_refused() {
    let mut world = World::new().await;
    let mut programs = Vec::new();
    for _ in 0..3 {
        let program = world.program(&[Permission::UsersRead]).await;
        assert_eq!(world.get_with(USERS, &program.text).await.status, StatusCode::OK);
        programs.push(program);
    }
    let [revoked, removed, expired] = &programs[..] else { unreachable!() };
    let fact = Fact::KeyRevoked(KeyRevoked { key_id: revoked.key });
    world.append(StreamName::service(revoked.account), None, fact).await;
    let stream = StreamName::service(removed.account);
    let position = world.append(stream, None, Fact::ServiceAccountRemoved).await;
    // Whoever knows of it never sees the key admitted, however far the feed is at this moment.
    let minimum = world.position_token(position);
    for program in [revoked, removed] {
        let asked = anonymous(USERS).header(header::AUTHORIZATION, format!("Bearer {}", program.text));
        let answer = world.ask(asked.header(EVIDENT_MIN_POSITION, minimum.clone())).await;
        assert_eq!(answer.code(), "invalid-token");
    }
    assert_eq!(world.get_with(USERS, &expired.text).await.status, StatusCode::OK);
    world.clock.advance(30 * DAY);
    // One that has just started: the other one would have to hear of the new day first.
    let app = world.another_app().await;
    let asked = anonymous(USERS).header(header::AUTHORIZATION, format!("Bearer {}", expired.text));
    assert_eq!(crate::world::ask(&app, asked).await.code(), "invalid-token");
}

#[tokio::test]
async fn what_cannot_be_read_of_an_account_ends_its_keys() {
    let mut world = World::new().await;
    let program = world.program(&[Permission::UsersRead]).await;
    assert_eq!(world.get_with(USERS, &program.text).await.status, StatusCode::OK);
    let position = world.append_unreadable(StreamName::service(program.account)).await;
    world.app.followed(position).await;
    assert_eq!(world.get_with(USERS, &program.text).await.code(), "invalid-token");
}

#[tokio::test]
async fn a_text_that_is_no_key_is_refused() {
    let mut world = World::new().await;
    let program = world.program(&[Permission::UsersRead]).await;
    let with_secret = |key, account| ApiKey::new(key, account, [6; 32]).text().to_string();
    let nobodys = ServiceAccountId(world.fresh_id());
    for wrong in [
        "evk_x".to_owned(),
        format!("{}0", program.text),
        with_secret(program.key, program.account),
        with_secret(program.key, nobodys),
    ] {
        assert_eq!(world.get_with(USERS, &wrong).await.code(), "invalid-token");
    }
}

#[tokio::test]
async fn use_is_noted_once_a_day_and_shown_by_the_day() {
    let mut world = World::new().await;
    let admin = world.somebody("Root", &["admin"]).await;
    let program = world.program(&[Permission::UsersRead]).await;
    for _ in 0..3 {
        assert_eq!(world.get_with(USERS, &program.text).await.status, StatusCode::OK);
    }
    let stream = StreamName::key_use(program.key);
    let noted = world.log.read_stream(&stream, Version::NONE).await.expect("the log is read");
    let actors: Vec<_> = noted.iter().map(|stored| stored.record.context.actor).collect();
    assert_eq!(actors, [Actor::Service { account: program.account, key: program.key }]);
    // Another process knows nothing of it, and looks into the log.
    let other = world.another_app().await;
    let asked = anonymous(USERS).header(header::AUTHORIZATION, format!("Bearer {}", program.text));
    assert_eq!(crate::world::ask(&other, asked).await.status, StatusCode::OK);
    assert_eq!(world.log.read_stream(&stream, Version::NONE).await.expect("the log is read").len(), 1);
    world.project().await;
    let keys = world.get(&format!("{ACCOUNTS}/{}/keys", program.account), &admin).await.json();
    let expected = json!([{
        "id": program.key, "prefix": ApiKey::prefix(program.key), "name": "build", "permissions": ["users:read"],
        "created_at": world.clock.now(), "expires_at": world.clock.now().after(30 * DAY),
        "last_used_on": world.clock.now().day(),
    }]);
    assert_eq!(keys["items"], expected);
}

#[tokio::test]
async fn accounts_come_in_pages_and_removed_ones_do_not() {
    let mut world = World::new().await;
    let admin = world.somebody("Root", &["admin"]).await;
    let mut ids: Vec<Value> = Vec::new();
    for _ in 0..5 {
        world.clock.advance(Duration::from_millis(1));
        ids.push(json!(world.program(&[]).await.account));
    }
    let gone: ServiceAccountId = serde_json::from_value(ids.remove(2)).expect("an id");
    world.tell(StreamName::service(gone), None, Fact::ServiceAccountRemoved).await;
    let pages = world.pages(&format!("{ACCOUNTS}?limit=2"), &admin).await;
    assert_eq!(pages.concat(), ids);
    let first = world.get(ACCOUNTS, &admin).await.json()["items"][0].clone();
    assert_eq!((&first["name"], &first["created_at"].is_string()), (&json!("nightly import"), &true));
    assert_eq!(world.get(&format!("{ACCOUNTS}/{gone}/keys"), &admin).await.code(), "not-found");
}

#[tokio::test]
async fn the_audit_shows_keys_and_never_what_proves_them() {
    let mut world = World::new().await;
    let admin = world.somebody("Root", &["admin"]).await;
    let program = world.program(&[Permission::UsersRead]).await;
    world.project().await;
    let path = format!("/api/v1/audit/events?subject=service-{}", program.account);
    let listed = world.get(&path, &admin).await.json();
    let issued = &listed["items"][0];
    assert_eq!(issued["type"], "key.issued.v1");
    assert_eq!(issued["data"]["secret_hash"], json!({"withheld": true}));
    assert_eq!(issued["data"]["key_id"], json!(program.key));
    assert_eq!(world.get_with(USERS, &program.text).await.status, StatusCode::OK);
    world.project().await;
    let other = world.program(&[Permission::UsersRead]).await;
    assert_eq!(world.get_with(USERS, &other.text).await.status, StatusCode::OK);
    world.project().await;
    let (account, key) = (program.account, program.key);
    for actor in [format!("service:{account}/{key}"), format!("service:{account}")] {
        let by = world.get(&format!("/api/v1/audit/events?actor={actor}"), &admin).await;
        assert_eq!(by.each("type"), [json!("key.used.v1")], "{actor}");
        assert_eq!(by.each("actor"), [json!(format!("service:{account}/{key}"))]);
    }
}
