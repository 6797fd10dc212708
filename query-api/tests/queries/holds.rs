//! Legal holds, which auditors see and the held do not; and network facts that ended.

use crate::world::World;
use events::{Fact, HoldLifted, HoldPlaced, NetworkEnded, Personal, Reason, StreamName, UserHoldPlaced};
use http::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

fn placed() -> Fact {
    Fact::UserHoldPlaced(UserHoldPlaced { reason: Personal::Open(Reason { text: "a claim".into() }) })
}

#[tokio::test]
async fn an_auditor_sees_who_is_held_and_the_held_do_not() {
    let mut world = World::new().await;
    let (auditor, ada) = (world.somebody("Eve", &["auditor"]).await, world.somebody("Ada", &["user"]).await);
    let (user, hold) = (format!("/api/v1/users/{}", ada.user), format!("/api/v1/users/{}/hold", ada.user));
    let before = world.get(&user, &ada).await.json();
    assert_eq!(world.get(&hold, &auditor).await.status, StatusCode::NOT_FOUND);
    world.clock.advance(Duration::from_secs(1));
    world.tell_of(ada.user, placed()).await;
    let seen = world.get(&hold, &auditor).await;
    assert_eq!(seen.status, StatusCode::OK, "{}", seen.json());
    let seen = seen.json();
    assert_eq!(seen["reason"], "a claim");
    assert_eq!(world.get(&hold, &ada).await.status, StatusCode::FORBIDDEN);

    let mut after = world.get(&user, &ada).await.json();
    after["version"] = before["version"].clone();
    assert_eq!(before, after, "nothing of it shows, not even when");
    let holds = |answer: Value| answer.to_string().matches("user.hold_placed").count();
    let history = format!("{user}/history");
    assert_eq!(holds(world.get(&history, &ada).await.json()), 0);
    assert_eq!(holds(world.get(&history, &auditor).await.json()), 1);
    for asking in [&ada, &auditor] {
        let export = world.get(&format!("{user}/export"), asking).await;
        assert_eq!(export.status, StatusCode::OK);
        assert_eq!(holds(export.json()), 0, "an export is made for its person");
    }
    world.tell_of(ada.user, Fact::UserHoldLifted).await;
    assert_eq!(world.get(&hold, &auditor).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn holds_on_periods_are_listed_as_they_stand() {
    let mut world = World::new().await;
    let auditor = world.somebody("Eve", &["auditor"]).await;
    let now = world.clock.now();
    for (name, days) in [("case-8", 1), ("case-7", 1), ("case-7", 2)] {
        let to = now.after(Duration::from_secs(days * 86_400));
        let hold =
            HoldPlaced { name: name.parse().expect("a name"), from: now, to, grounds: "a claim".into() };
        world.tell(StreamName::retention(), None, Fact::HoldPlaced(hold)).await;
    }
    let listed = world.get("/api/v1/holds", &auditor).await;
    assert_eq!(listed.each("name"), ["case-7", "case-8"]);
    let to = now.after(Duration::from_secs(2 * 86_400)).to_string();
    assert_eq!(listed.json()["items"][0]["to"], to, "the last one counts");
    assert_eq!(
        world.pages_of("/api/v1/holds?limit=1", &auditor, "name").await,
        [[json!("case-7")], [json!("case-8")]]
    );
    let lifted = HoldLifted { name: "case-7".parse().expect("a name") };
    world.tell(StreamName::retention(), None, Fact::HoldLifted(lifted)).await;
    assert_eq!(world.get("/api/v1/holds", &auditor).await.each("name"), ["case-8"]);
}

#[tokio::test]
async fn once_a_month_ended_nobody_is_shown_from_where_a_session_came() {
    let mut world = World::new().await;
    let (auditor, ada) = (world.somebody("Eve", &["auditor"]).await, world.somebody("Ada", &["user"]).await);
    let sessions = format!("/api/v1/users/{}/sessions", ada.user);
    let month = world.clock.now().month();
    assert!(world.get(&sessions, &auditor).await.json()["items"][0]["ip"].is_string());
    world.tell(StreamName::retention(), None, Fact::NetworkEnded(NetworkEnded { month })).await;
    world.vault.destroy_month(month).await.expect("destroyed");
    assert!(world.get(&sessions, &auditor).await.json()["items"][0]["ip"].is_null());
    let history = world.get(&format!("/api/v1/users/{}/history", ada.user), &auditor).await.json();
    assert!(!history.to_string().contains("192.0.2."), "{history}");
    let ended = world.get("/api/v1/audit/events?type=retention.", &auditor).await.json();
    assert_eq!(ended["items"][0]["data"]["month"], month.to_string());
}
