//! The history: read, filtered, proved.

use crate::world::{Answer, Somebody, World};
use base64::{Engine, engine::general_purpose::STANDARD};
use events::{Fact, FailureCause, Personal, Position, Reason, SignInFailed, StreamName, UserSuspended};
use serde_json::{Value, json};
use std::time::Duration;

const EVENTS: &str = "/api/v1/audit/events";

/// An auditor (positions 1 and 2), Ada (3 and 4) and Bob (5 and 6), a minute apart.
pub(crate) async fn history(world: &mut World) -> (Somebody, Somebody, Somebody) {
    let auditor = world.somebody("Auditor", &["auditor"]).await;
    world.clock.advance(Duration::from_secs(10));
    let ada = world.somebody("Ada", &["user"]).await;
    world.clock.advance(Duration::from_secs(10));
    (auditor, ada, world.somebody("Bob", &["user"]).await)
}

async fn positions(world: &World, query: &str, auditor: &Somebody) -> Vec<Value> {
    world.get(&format!("{EVENTS}?{query}"), auditor).await.each("position")
}

pub(crate) fn code(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.code())
}

#[tokio::test]
async fn the_newest_event_comes_first_and_sealed_data_stands_open() {
    let mut world = World::new().await;
    let (auditor, ada, _) = history(&mut world).await;
    let answer = world.get(EVENTS, &auditor).await;
    assert_eq!(answer.each("position"), [6, 5, 4, 3, 2, 1]);
    let registered = &answer.json()["items"][3];
    let user = format!("user:{}", ada.user);
    assert_eq!(registered["type"], "user.registered.v1");
    assert_eq!(registered["summary"], "Registered as user");
    assert_eq!(registered["actor"], user);
    assert_eq!(registered["subject"], format!("user-{}", ada.user));
    assert_eq!(registered["correlation_id"], "req-1");
    assert_eq!(registered["data"]["profile"], json!({"email": "ada@example.com", "display_name": "Ada"}));
    assert_eq!(registered["data"]["network"]["ip"], "192.0.2.7");
}

#[tokio::test]
async fn a_credential_is_always_withheld() {
    let mut world = World::new().await;
    let (auditor, ..) = history(&mut world).await;
    let answer = world.get(&format!("{EVENTS}/3"), &auditor).await;
    assert_eq!(answer.json()["data"]["credential"], json!({"withheld": true}));
}

#[tokio::test]
async fn what_was_erased_is_shown_as_erased() {
    let mut world = World::new().await;
    let (auditor, ada, _) = history(&mut world).await;
    world.erase(ada.user).await;
    for path in [format!("{EVENTS}/3"), format!("{EVENTS}/4")] {
        assert_eq!(
            world.get(&path, &auditor).await.json()["data"]["network"],
            json!({"erased": true}),
            "{path}"
        );
    }
    let registered = world.get(&format!("{EVENTS}/3"), &auditor).await.json();
    assert_eq!(registered["data"]["profile"], json!({"erased": true}));
    assert_eq!(registered["data"]["roles"], json!(["user"]));
}

#[tokio::test]
async fn events_are_filtered_by_everything_that_stands_clear() {
    let mut world = World::new().await;
    let (auditor, ada, bob) = history(&mut world).await;
    let noon = crate::world::NOON;
    for (query, found) in [
        ("after=4".into(), vec![6, 5]),
        ("before=3".into(), vec![2, 1]),
        ("after=2&before=5".into(), vec![4, 3]),
        (format!("from={}", noon.after(Duration::from_secs(20))), vec![6, 5]),
        (format!("to={}", noon.after(Duration::from_secs(10))), vec![2, 1]),
        ("type=user.registered.".into(), vec![5, 3, 1]),
        ("type=user_".into(), vec![]),
        (format!("actor=user:{}", ada.user), vec![4, 3]),
        (format!("actor={}", ada.user), vec![4, 3]),
        ("actor=anonymous".into(), vec![]),
        (format!("subject=user-{}", bob.user), vec![5]),
        (format!("subject={}", bob.user), vec![6, 5]),
        (format!("session={}", ada.session), vec![4]),
        ("correlation=req-1".into(), vec![6, 5, 4, 3, 2, 1]),
        ("correlation=req-2".into(), vec![]),
    ] {
        assert_eq!(positions(&world, &query, &auditor).await, found, "{query}");
    }
}

#[tokio::test]
async fn events_come_in_pages_that_later_events_do_not_move() {
    let mut world = World::new().await;
    let (auditor, ada, _) = history(&mut world).await;
    let first = world.get(&format!("{EVENTS}?limit=4&after=1"), &auditor).await;
    assert_eq!(first.each("position"), [6, 5, 4, 3]);
    world.sign_in(ada.user, &["user"]).await;
    let cursor = first.json()["next_cursor"].as_str().expect("a cursor").to_owned();
    let second = world.get(&format!("{EVENTS}?limit=4&after=1&cursor={cursor}"), &auditor).await;
    assert_eq!(second.each("position"), [2]);
    assert_eq!(second.json()["next_cursor"], json!(null));
}

#[tokio::test]
async fn a_wrong_filter_is_refused_and_named() {
    let mut world = World::new().await;
    let auditor = world.somebody("Auditor", &["auditor"]).await;
    for (query, pointer) in [
        ("after=x", "/after"),
        ("before=-1", "/before"),
        ("before=9223372036854775808", "/before"),
        ("from=yesterday", "/from"),
        ("to=2026-13-01T00:00:00Z", "/to"),
        ("actor=somebody", "/actor"),
        ("session=7", "/session"),
        ("subject=", "/subject"),
        ("type=a%00b", "/type"),
        ("limit=201", "/limit"),
    ] {
        let answer = world.get(&format!("{EVENTS}?{query}"), &auditor).await;
        assert_eq!(code(&answer), (422, "validation".into()), "{query}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{query}");
    }
}

#[tokio::test]
async fn failed_sign_ins_are_told_to_whom_they_happened() {
    let mut world = World::new().await;
    let auditor = world.somebody("Auditor", &["auditor"]).await;
    let network = Personal::Open(crate::world::network());
    let failed = SignInFailed { cause: FailureCause::WrongPassword, failures: 2, network };
    world.tell(StreamName::sign_in(auditor.user), Some(auditor.user), Fact::SignInFailed(failed)).await;
    let answer = world.get(&format!("{EVENTS}?subject={}&limit=1", auditor.user), &auditor).await;
    assert_eq!(answer.each("summary"), ["Sign-in failed: wrong password, 2 in a row"]);
}

#[tokio::test]
async fn one_event_has_its_exact_bytes_and_their_leaf_hash() {
    let mut world = World::new().await;
    let (auditor, ..) = history(&mut world).await;
    let answer = world.get(&format!("{EVENTS}/4"), &auditor).await.json();
    let stored = world.log.read_at(&[Position(4)]).await.expect("a record").remove(0);
    let bytes = STANDARD.decode(answer["record"].as_str().expect("base64")).expect("base64");
    assert_eq!(bytes, stored.record.bytes().as_ref());
    let leaf = [&[0][..], &bytes].concat();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &leaf);
    assert_eq!(answer["leaf_hash"], STANDARD.encode(hash));
    assert_eq!(answer["position"], 4);
}

#[tokio::test]
async fn there_is_no_event_beyond_either_end() {
    let mut world = World::new().await;
    let (auditor, ..) = history(&mut world).await;
    for position in ["0", "7", "18446744073709551615", "-1", "x"] {
        let answer = world.get(&format!("{EVENTS}/{position}"), &auditor).await;
        assert_eq!(code(&answer), (404, "not-found".into()), "{position}");
    }
}

#[tokio::test]
async fn the_reason_of_a_suspension_is_told_in_the_history() {
    let mut world = World::new().await;
    let (auditor, ada, _) = history(&mut world).await;
    let reason = Personal::Open(Reason { text: "sends spam".into() });
    world.tell_of(ada.user, Fact::UserSuspended(UserSuspended { reason })).await;
    let answer = world.get(&format!("/api/v1/users/{}/history", ada.user), &auditor).await;
    assert_eq!(answer.json()["items"][0]["data"], json!({"reason": {"text": "sends spam"}}));
}
