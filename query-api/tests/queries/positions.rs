//! Reading one's own writes: what waits, for how long, and what is refused at once.

use crate::{
    answer::ask_until_shown,
    world::{Somebody, World, ask, profile},
};
use events::{Fact, LogId, Personal, Position, ProfileChanged};
use http::{StatusCode, header};
use service::position::EVIDENT_MIN_POSITION;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use uuid::Uuid;

const LIST: &str = "/api/v1/users";

fn renamed(name: &str) -> Fact {
    Fact::ProfileChanged(ProfileChanged { profile: Personal::Open(profile(name)) })
}

#[tokio::test]
async fn every_answer_says_which_position_it_reflects() {
    let mut world = World::new().await;
    let admin = world.somebody("Root", &["admin"]).await;
    let head = world.position_token(world.log.head().await.expect("a head"));
    let one = format!("{LIST}/{}", admin.user);
    for path in [
        "/api/v1/auth/me",
        "/api/v1/auth/sessions",
        LIST,
        &one,
        &format!("{one}/sessions"),
        &format!("{one}/history"),
        &format!("{one}/export"),
        &format!("{LIST}/01935a1c-0000-7000-8000-00000000ffff"),
        "/api/v1/roles",
        "/api/v1/audit/events",
        "/api/v1/audit/events/1",
        "/api/v1/operations/parked",
        "/api/v1/audit/export",
    ] {
        assert_eq!(world.get(path, &admin).await.position(), head, "{path}");
    }
}

#[tokio::test]
async fn an_answer_waits_until_it_shows_what_its_asker_knows() {
    let mut world = World::new().await;
    let admin = world.somebody("Root", &["admin"]).await;
    let position =
        world.append(events::StreamName::user(admin.user), Some(admin.user), renamed("Ruth")).await;
    let minimum = world.position_token(position);
    let request = || admin.request(LIST).header(EVIDENT_MIN_POSITION, &minimum);
    let asked = ask_until_shown(&world.app, request);
    let (answer, ()) = tokio::join!(asked, world.project());
    assert_eq!(answer.each("display_name"), ["Ruth"]);
    assert_eq!(answer.position(), minimum);
}

#[tokio::test]
async fn what_was_read_from_the_log_does_not_pass_for_shown() {
    let mut world = World::new().await;
    let admin = world.somebody("Root", &["admin"]).await;
    let position =
        world.append(events::StreamName::user(admin.user), Some(admin.user), renamed("Ruth")).await;
    let event = world.get(&format!("/api/v1/audit/events/{position}"), &admin).await;
    assert_eq!(event.position(), world.position_token(position));
    let request = || admin.request(LIST).header(EVIDENT_MIN_POSITION, event.position());
    let asked = ask_until_shown(&world.app, request);
    let (answer, ()) = tokio::join!(asked, world.project());
    assert_eq!(answer.each("display_name"), ["Ruth"]);
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for_long() {
    let mut world = World::new().await;
    let admin = world.somebody("Root", &["admin"]).await;
    let ahead = world.append(events::StreamName::user(admin.user), Some(admin.user), renamed("Ruth")).await;
    for position in [ahead, Position(1_000_000), Position(i64::MAX as u64), Position(u64::MAX)] {
        let minimum = world.position_token(position);
        let since = Instant::now();
        let answer = world.get_from(LIST, &admin, &minimum).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{position}");
        assert_eq!(answer.code(), "read-model-behind");
        assert_eq!(answer.headers[header::RETRY_AFTER], "1");
        assert!(since.elapsed() < Duration::from_secs(60), "{position}");
    }
}

#[tokio::test]
async fn a_position_that_we_never_gave_is_refused_at_once() {
    let mut world = World::new().await;
    let admin = world.somebody("Root", &["admin"]).await;
    let own = world.position_token(Position(1));
    let foreign = world.tokens(LogId(Uuid::from_u128(1))).issue(Position(1));
    let since = Instant::now();
    for wrong in
        ["", "1", "-1", "9223372036854775807", &foreign, &own[1..], &format!("{own}A"), &"A".repeat(10_000)]
    {
        for path in [LIST, "/api/v1/auth/me", "/api/v1/audit/export"] {
            let answer = world.get_from(path, &admin, wrong).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path} {wrong:.30}");
            assert_eq!(answer.code(), "invalid-position");
        }
    }
    let twice = admin.request(LIST).header("evident-min-position", &own).header("evident-min-position", &own);
    assert_eq!(world.ask(twice).await.code(), "invalid-position");
    // Each of them would wait two seconds.
    assert!(since.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn only_so_many_wait_and_who_need_not_wait_is_answered_meanwhile() {
    let mut world = World::new().await;
    let admin = world.somebody("Root", &["admin"]).await;
    // Where the first ones are through before the last ones come, nobody is turned away; not three times in a row.
    for _ in 0..3 {
        if crowded(&world, &admin).await {
            return;
        }
    }
    panic!("nobody was turned away, or who need not wait was answered after all who do");
}

/// More ask at once than may wait. Whether some were turned away, and somebody who need not wait was answered while
/// others waited.
async fn crowded(world: &World, admin: &Somebody) -> bool {
    let minimum = world.position_token(Position(1_000_000));
    let mut answers = JoinSet::new();
    for _ in 0..1_100 {
        let (app, request) = (world.app.clone(), admin.request(LIST).header(EVIDENT_MIN_POSITION, &minimum));
        answers.spawn(async move { (true, ask(&app, request).await) });
    }
    let (mut turned_away, mut answered_meanwhile) = (0, false);
    while let Some(answered) = answers.join_next().await {
        let (of_crowd, answer) = answered.expect("an answer");
        if !of_crowd {
            assert_eq!(answer.status, StatusCode::OK);
            answered_meanwhile = !answers.is_empty();
            continue;
        }
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers[header::RETRY_AFTER], "1");
        if answer.code() != "overloaded" {
            continue;
        }
        turned_away += 1;
        // All places are taken.
        if turned_away == 1 {
            let (app, request) = (world.app.clone(), admin.request(LIST));
            answers.spawn(async move { (false, ask(&app, request).await) });
        }
    }
    assert!(turned_away <= 100, "{turned_away} were turned away");
    answered_meanwhile
}

#[tokio::test]
async fn who_is_not_signed_in_waits_for_nothing() {
    let world = World::new().await;
    let minimum = world.position_token(Position(1_000_000));
    let since = Instant::now();
    for _ in 0..15 {
        let answer = world.ask(crate::world::anonymous(LIST).header("evident-min-position", &minimum)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    // Each of them would wait two seconds.
    assert!(since.elapsed() < Duration::from_secs(30));
}
