//! People, one and many, now and then.

use crate::world::{Somebody, World, profile};
use events::{
    Fact, Permission, Personal, Position, ProfileChanged, Reason, RoleDefined, RoleGranted, StreamName,
    UserSuspended,
};
use http::{StatusCode, header};
use serde_json::{Value, json};
use std::time::Duration;

const USERS: &str = "/api/v1/users";

fn path(somebody: &Somebody) -> String {
    format!("{USERS}/{}", somebody.user)
}

/// An admin, and three people who registered a minute after each other.
async fn three_people(world: &mut World) -> (Somebody, [Somebody; 3]) {
    let admin = world.somebody("Root", &["admin"]).await;
    let mut people = Vec::new();
    for name in ["Cyn", "Ada", "Bob_100%"] {
        world.clock.advance(Duration::from_secs(1));
        people.push(world.somebody(name, &["user"]).await);
    }
    (admin, people.try_into().expect("three"))
}

fn names(answer: &crate::world::Answer) -> Vec<Value> {
    answer.each("display_name")
}

#[tokio::test]
async fn people_are_listed_in_each_order() {
    let mut world = World::new().await;
    let (admin, _) = three_people(&mut world).await;
    for (query, order) in [
        ("", ["Bob_100%", "Ada", "Cyn", "Root"]),
        ("?sort=-created_at", ["Bob_100%", "Ada", "Cyn", "Root"]),
        ("?sort=created_at", ["Root", "Cyn", "Ada", "Bob_100%"]),
        ("?sort=email", ["Ada", "Bob_100%", "Cyn", "Root"]),
    ] {
        assert_eq!(names(&world.get(&format!("{USERS}{query}"), &admin).await), order, "{query}");
    }
}

#[tokio::test]
async fn every_order_comes_in_pages_without_loss_or_repeat() {
    let mut world = World::new().await;
    let (admin, _) = three_people(&mut world).await;
    for sort in ["created_at", "-created_at", "email"] {
        let all = world.get(&format!("{USERS}?sort={sort}"), &admin).await.each("id");
        let pages = world.pages(&format!("{USERS}?sort={sort}&limit=1"), &admin).await;
        assert_eq!((pages.len(), pages.concat()), (4, all), "{sort}");
    }
}

#[tokio::test]
async fn people_are_searched_and_filtered() {
    let mut world = World::new().await;
    let (admin, [cyn, ..]) = three_people(&mut world).await;
    let reason = Personal::Open(Reason { text: "spam".into() });
    world.tell_of(cyn.user, Fact::UserSuspended(UserSuspended { reason })).await;
    for (query, found) in [
        ("q=ADA", vec!["Ada"]),
        ("q=cyn@example.com", vec!["Cyn"]),
        ("q=%25", vec!["Bob_100%"]),
        ("q=b_1", vec!["Bob_100%"]),
        ("q=b%251", vec![]),
        ("status=suspended", vec!["Cyn"]),
        ("status=active&role=user", vec!["Bob_100%", "Ada"]),
        ("role=admin", vec!["Root"]),
        ("role=nobody-has-it", vec![]),
    ] {
        assert_eq!(names(&world.get(&format!("{USERS}?{query}"), &admin).await), found, "{query}");
    }
}

#[tokio::test]
async fn a_cursor_fits_only_the_list_that_it_came_from() {
    let mut world = World::new().await;
    let (admin, _) = three_people(&mut world).await;
    let first = world.get(&format!("{USERS}?limit=1"), &admin).await.json();
    let cursor = first["next_cursor"].as_str().expect("a cursor").to_owned();
    let mut tampered = cursor.clone().into_bytes();
    tampered[3] = if tampered[3] == b'A' { b'B' } else { b'A' };
    let tampered = String::from_utf8(tampered).expect("ASCII");
    for wrong in [
        format!("{USERS}?cursor={tampered}"),
        format!("{USERS}?cursor="),
        format!("{USERS}?cursor=MQ"),
        format!("{USERS}?cursor={cursor}&sort=email"),
        format!("{USERS}?cursor={cursor}&status=active"),
        format!("{USERS}?cursor={cursor}&q=a"),
        format!("/api/v1/audit/events?cursor={cursor}"),
        format!("/api/v1/roles?cursor={cursor}"),
    ] {
        let answer = world.get(&wrong, &admin).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, "invalid-cursor"),
            "{wrong}"
        );
    }
    assert_eq!(world.get(&format!("{USERS}?cursor={cursor}&limit=2"), &admin).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_and_named() {
    let mut world = World::new().await;
    let admin = world.somebody("Root", &["admin"]).await;
    let long = "x".repeat(201);
    for (query, pointer) in [
        ("limit=0", "/limit"),
        ("limit=-1", "/limit"),
        ("limit=201", "/limit"),
        ("limit=1000000000", "/limit"),
        ("limit=abc", "/limit"),
        ("status=happy", "/status"),
        ("role=Not%20A%20Role", "/role"),
        ("q=", "/q"),
        ("q=a%00b", "/q"),
        (&format!("q={long}"), "/q"),
    ] {
        let answer = world.get(&format!("{USERS}?{query}"), &admin).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{query}");
    }
    for (query, pointer) in [
        ("sort=password_hash", "/sort"),
        ("limit=1&limit=99", "/limit"),
        ("password_hash=x", "/password_hash"),
    ] {
        let answer = world.get(&format!("{USERS}?{query}"), &admin).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{query}");
    }
    let one = path(&admin);
    for asked in
        ["/api/v1/auth/me", "/api/v1/holds", "/api/v1/operations/parked", &one, &format!("{one}/export")]
    {
        let answer = world.get(&format!("{asked}?password_hash=x"), &admin).await;
        assert_eq!(answer.code(), "malformed-request", "{asked}");
    }
}

#[tokio::test]
async fn all_mistakes_are_told_at_once() {
    let mut world = World::new().await;
    let admin = world.somebody("Root", &["admin"]).await;
    let answer = world.get(&format!("{USERS}?limit=0&status=happy"), &admin).await.json();
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn one_person_has_every_field_and_the_etag_of_their_version() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["user"]).await;
    let answer = world.get(&path(&ada), &ada).await;
    assert_eq!(answer.headers[header::ETAG], "\"1\"");
    let noon = json!(crate::world::NOON);
    assert_eq!(
        answer.json(),
        json!({
            "id": ada.user, "email": "ada@example.com", "email_verified": false, "second_factor": false, "display_name": "Ada",
            "picture": null, "status": "active", "roles": ["user"], "created_at": noon, "updated_at": noon, "last_login_at": noon,
            "version": 1,
        })
    );
}

#[tokio::test]
async fn a_version_that_the_asker_has_is_not_sent_again() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["user"]).await;
    for (known, status) in
        [("\"1\"", 304), ("W/\"1\"", 304), ("*", 304), ("\"0\", \"1\"", 304), ("\"2\"", 200)]
    {
        let request = ada.request(&path(&ada)).header(header::IF_NONE_MATCH, known);
        let answer = world.ask(request).await;
        assert_eq!(answer.status.as_u16(), status, "{known}");
        assert_eq!(answer.headers[header::ETAG], "\"1\"");
        assert_eq!(answer.body.is_empty(), status == 304);
        assert!(!answer.position().is_empty());
    }
}

#[tokio::test]
async fn nobody_of_that_id_is_not_found() {
    let mut world = World::new().await;
    let admin = world.somebody("Root", &["admin"]).await;
    for id in ["01935a1c-0000-7000-8000-00000000ffff", "7", "01935A1C-0000-7000-8000-00000000FFFF", "%00"] {
        for rest in ["", "/history", "/export", "/sessions"] {
            let answer = world.get(&format!("{USERS}/{id}{rest}"), &admin).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{id}{rest}");
        }
    }
}

#[tokio::test]
async fn a_person_is_shown_as_they_were_at_a_position_or_a_time() {
    let mut world = World::new().await;
    let admin = world.somebody("Root", &["admin"]).await;
    let before = world.log.head().await.expect("a head");
    let ada = world.somebody("Ada", &["user"]).await;
    let then = world.log.head().await.expect("a head");
    let noon = world.clock.now();
    world.clock.advance(Duration::from_secs(20));
    let changed = ProfileChanged { profile: Personal::Open(profile("Augusta")) };
    world.tell_of(ada.user, Fact::ProfileChanged(changed)).await;
    world
        .tell_of(ada.user, Fact::RoleGranted(RoleGranted { role: "auditor".parse().expect("a role") }))
        .await;

    for as_of in [then.to_string(), noon.to_string()] {
        let person = world.get(&format!("{}?as_of={as_of}", path(&ada)), &admin).await.json();
        assert_eq!(person["display_name"], "Ada", "{as_of}");
        assert_eq!(person["roles"], json!(["user"]));
        assert_eq!(person["version"], 1);
        assert_eq!(person["last_login_at"], json!(noon));
    }
    let between = world.get(&format!("{}?as_of={}", path(&ada), then.next()), &admin).await.json();
    assert_eq!((&between["display_name"], &between["version"]), (&json!("Augusta"), &json!(2)));
    let now = world.get(&path(&ada), &admin).await.json();
    assert_eq!(world.get(&format!("{}?as_of=2100-01-01T00:00:00Z", path(&ada)), &admin).await.json(), now);
    let not_yet = world.get(&format!("{}?as_of={before}", path(&ada)), &admin).await;
    assert_eq!(not_yet.status, StatusCode::NOT_FOUND);
    for wrong in ["yesterday", "-1", "99999999999999999999"] {
        let answer = world.get(&format!("{}?as_of={wrong}", path(&ada)), &admin).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
}

#[tokio::test]
async fn who_had_not_signed_in_yet_had_no_last_login_then() {
    let mut world = World::new().await;
    let admin = world.somebody("Root", &["admin"]).await;
    let ada = world.somebody("Ada", &["user"]).await;
    let registered = Position(world.log.head().await.expect("a head").0 - 1);
    let person = world.get(&format!("{}?as_of={registered}", path(&ada)), &admin).await.json();
    assert_eq!(person["last_login_at"], json!(null));
}

#[tokio::test]
async fn who_was_erased_stays_erased_in_every_past() {
    let mut world = World::new().await;
    let admin = world.somebody("Root", &["admin"]).await;
    let ada = world.somebody("Ada", &["user"]).await;
    let then = world.log.head().await.expect("a head");
    world.erase(ada.user).await;
    let now = world.get(&path(&ada), &admin).await.json();
    assert_eq!(
        (&now["status"], &now["email"], &now["display_name"]),
        (&json!("erased"), &json!(null), &json!(null))
    );
    let past = world.get(&format!("{}?as_of={then}", path(&ada)), &admin).await.json();
    assert_eq!(
        (&past["status"], &past["email"], &past["display_name"]),
        (&json!("active"), &json!(null), &json!(null))
    );
}

#[tokio::test]
async fn a_history_is_every_event_about_the_person_the_newest_first() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["user"]).await;
    world.somebody("Bob", &["user"]).await;
    world.sign_in(ada.user, &["user"]).await;
    let history = format!("{}/history", path(&ada));
    let types = ["session.started.v1", "session.started.v1", "user.registered.v1"];
    assert_eq!(world.get(&history, &ada).await.each("type"), types);
    let pages = world.pages(&format!("{history}?limit=2"), &ada).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
}

#[tokio::test]
async fn an_export_of_a_person_holds_them_their_sessions_and_their_history() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["user"]).await;
    world.somebody("Bob", &["user"]).await;
    for _ in 0..250 {
        world.append_sign_in(ada.user).await;
    }
    world.project().await;
    let export = world.get(&format!("{}/export", path(&ada)), &ada).await.json();
    assert_eq!(export["user"], world.get(&path(&ada), &ada).await.json());
    assert_eq!(export["sessions"].as_array().map(Vec::len), Some(251));
    let events = export["events"].as_array().expect("a list");
    assert_eq!(events.len(), 252);
    let positions: Vec<u64> = events.iter().filter_map(|event| event["position"].as_u64()).collect();
    assert!(positions.is_sorted_by(|one, next| one > next));
    assert_eq!(events[251]["data"]["profile"]["email"], "ada@example.com");
}

#[tokio::test]
async fn roles_are_those_that_come_with_evident_and_those_that_were_defined() {
    let mut world = World::new().await;
    let admin = world.somebody("Root", &["admin"]).await;
    let role: events::RoleName = "desk".parse().expect("a role name");
    let fact = RoleDefined { role: role.clone(), permissions: [Permission::UsersRead].into() };
    world.tell(StreamName::role(&role), None, Fact::RoleDefined(fact)).await;
    let answer = world.get("/api/v1/roles", &admin).await;
    assert_eq!(answer.each("name"), ["admin", "auditor", "desk", "user"]);
    assert_eq!(answer.each("built_in"), [true, true, false, true]);
    assert_eq!(answer.json()["items"][2]["permissions"], json!(["users:read"]));
    assert_eq!(answer.json()["items"][2]["version"], 1);
    let pages = world.pages_of("/api/v1/roles?limit=3", &admin, "name").await;
    assert_eq!(pages.concat(), ["admin", "auditor", "desk", "user"]);
}
