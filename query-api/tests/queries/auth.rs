//! What people ask about themselves.

use crate::{
    answer::ask_until_shown,
    world::{World, anonymous, profile},
};
use events::{
    BuiltInRole, EndCause, Fact, Permission, Personal, ProfileChanged, RoleDefined, SessionRevoked,
    SessionStarted, StreamName,
};
use http::{StatusCode, header};
use serde_json::json;
use std::time::Duration;

const ME: &str = "/api/v1/auth/me";
const SESSIONS: &str = "/api/v1/auth/sessions";

#[tokio::test]
async fn me_is_the_person_the_session_the_roles_and_what_they_permit() {
    let mut world = World::new().await;
    let permissions = [Permission::UsersRead].into();
    let desk = "desk".parse().expect("a role name");
    let defined = Fact::RoleDefined(RoleDefined { role: desk, permissions });
    world.tell(StreamName::role(&"desk".parse().expect("a role name")), None, defined).await;
    let ada = world.somebody("Ada", &["auditor", "desk", "undefined"]).await;
    let me = world.get(ME, &ada).await.json();
    assert_eq!(me["user"]["id"], json!(ada.user));
    assert_eq!(me["user"]["email"], "ada@example.com");
    assert_eq!(me["user"]["display_name"], "Ada");
    assert_eq!(me["user"]["status"], "active");
    assert_eq!(me["user"]["last_login_at"], json!(crate::world::NOON));
    assert_eq!(me["session"]["id"], json!(ada.session));
    assert_eq!(me["session"]["current"], true);
    assert_eq!(me["session"]["ip"], "192.0.2.7");
    assert_eq!(me["roles"], json!(["auditor", "desk", "undefined"]));
    assert_eq!(me["permissions"], json!(BuiltInRole::Auditor.permissions()));
}

#[tokio::test]
async fn me_never_holds_what_proves_people_to_be_themselves() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["admin"]).await;
    for path in [ME, SESSIONS, "/api/v1/users", &format!("/api/v1/users/{}/export", ada.user)] {
        let body = String::from_utf8(world.get(path, &ada).await.body).expect("UTF-8");
        assert!(!body.contains("argon2id") && !body.contains("ciphertext"), "{path}: {body}");
    }
}

#[tokio::test]
async fn me_answered_from_memory_is_the_same_and_ends_with_the_next_change() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["user"]).await;
    let (first, second) = (world.get(ME, &ada).await, world.get(ME, &ada).await);
    assert_eq!(first.body, second.body);
    let changed = ProfileChanged { profile: Personal::Open(profile("Augusta")) };
    world.tell_of(ada.user, Fact::ProfileChanged(changed)).await;
    assert_eq!(world.get(ME, &ada).await.json()["user"]["display_name"], "Augusta");
}

#[tokio::test]
async fn a_session_that_has_just_started_is_waited_for() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["user"]).await;
    let just_started = world.sign_in_unprojected(ada.user, &["user"]).await;
    let asked = ask_until_shown(&world.app, || just_started.request(ME));
    let (answer, ()) = tokio::join!(asked, world.project());
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["session"]["id"], json!(just_started.session));
}

#[tokio::test]
async fn a_session_that_never_shows_up_is_not_waited_for_long() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["user"]).await;
    let just_started = world.sign_in_unprojected(ada.user, &["user"]).await;
    let answer = world.get(ME, &just_started).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "read-model-behind")
    );
    assert_eq!(answer.headers[header::RETRY_AFTER], "1");
}

#[tokio::test]
async fn two_authorization_headers_are_malformed_and_a_token_in_the_query_is_none() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["user"]).await;
    let twice = ada.request(ME).header(header::AUTHORIZATION, "Bearer a.b.c");
    assert_eq!(world.ask(twice).await.status, StatusCode::BAD_REQUEST);
    let in_query = anonymous(&format!("{ME}?access_token={}", ada.token));
    assert_eq!(world.ask(in_query).await.code(), "unauthenticated");
}

#[tokio::test]
async fn own_sessions_are_those_that_stand_the_newest_first() {
    let mut world = World::new().await;
    let first = world.somebody("Ada", &["user"]).await;
    world.somebody("Bob", &["user"]).await;
    let second = world.sign_in(first.user, &["user"]).await;
    let third = world.sign_in(first.user, &["user"]).await;
    let ended = SessionRevoked { user_id: first.user, cause: EndCause::RevokedByOwner };
    let stream = StreamName::session(second.session);
    world.tell(stream, Some(first.user), Fact::SessionRevoked(ended)).await;
    let answer = world.get(SESSIONS, &first).await;
    assert_eq!(answer.each("id"), [json!(third.session), json!(first.session)]);
    assert_eq!(answer.each("current"), [json!(false), json!(true)]);
    assert_eq!(answer.each("user_agent"), [json!("Firefox/140"), json!("Firefox/140")]);
    assert_eq!(answer.json()["next_cursor"], json!(null));
}

#[tokio::test]
async fn an_expired_session_is_no_longer_shown() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["user"]).await;
    let expires_at = world.clock.now().after(Duration::from_secs(5));
    let session = events::SessionId(world.fresh_id());
    let started = SessionStarted {
        user_id: ada.user,
        expires_at,
        network: Personal::Open(crate::world::network()),
        second_factor: None,
    };
    world.tell(StreamName::session(session), Some(ada.user), Fact::SessionStarted(started)).await;
    assert_eq!(world.get(SESSIONS, &ada).await.each("id"), [json!(session), json!(ada.session)]);
    world.clock.advance(Duration::from_secs(6));
    assert_eq!(world.get(SESSIONS, &ada).await.each("id"), [json!(ada.session)]);
}

#[tokio::test]
async fn sessions_come_in_pages() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["user"]).await;
    for _ in 0..4 {
        world.sign_in(ada.user, &["user"]).await;
    }
    let all = world.get(SESSIONS, &ada).await.each("id");
    let pages = world.pages(&format!("{SESSIONS}?limit=2"), &ada).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(pages.concat(), all);
}

#[tokio::test]
async fn a_session_tells_its_device_and_when_it_ends() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["user"]).await;
    let session = &world.get(SESSIONS, &ada).await.json()["items"][0];
    assert_eq!(session["device"], json!({"name": "Firefox", "kind": "unknown"}));
    let after = |days: u64| json!(world.clock.now().after(Duration::from_secs(days * 86_400)));
    assert_eq!(session["started_at"], after(0));
    assert_eq!(session["last_seen_at"], after(0));
    assert_eq!((&session["idle_expires_at"], &session["expires_at"]), (&after(14), &after(30)));
    let admin = world.somebody("Root", &["admin"]).await;
    let seen = world.get(&format!("/api/v1/users/{}/sessions", ada.user), &admin).await;
    let seen = &seen.json()["items"][0];
    for field in
        ["id", "ip", "user_agent", "device", "started_at", "last_seen_at", "idle_expires_at", "expires_at"]
    {
        assert_eq!(seen[field], session[field], "{field}");
    }
    assert_eq!((&seen["current"], &session["current"]), (&json!(false), &json!(true)));
}

#[tokio::test]
async fn a_session_that_nobody_refreshed_is_no_longer_shown() {
    let mut world = World::new().await;
    let first = world.somebody("Ada", &["user"]).await;
    world.clock.advance(Duration::from_secs(14 * 86_400));
    let second = world.sign_in_unprojected(first.user, &["user"]).await;
    world.project().await;
    // One that has just started: the other one would have to hear of the new day first.
    let app = world.another_app().await;
    let shown = crate::world::ask(&app, second.request(SESSIONS)).await;
    assert_eq!(shown.each("id"), [json!(second.session)]);
}
