//! `DELETE /auth/sessions` and `DELETE /auth/sessions/{id}`

use crate::house::{Guest, House, PASSWORD};
use events::{EndCause, Fact, StreamName};
use futures_util::future::join_all;

#[tokio::test]
async fn one_session_of_ones_own_ends() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let other = house.signed_in("ada@x.io").await;
    let path = format!("/auth/sessions/{}", other.session);
    house.delete(&path).by(&guest).send().await.must_be(204);
    house.delete(&path).by(&guest).send().await.must_be(204);
    assert!(!house.is_signed_in(&other).await);
    assert!(house.is_signed_in(&guest).await);
    assert_eq!(house.told(&StreamName::session(other.session)).await, ["session.started", "session.revoked"]);
}

#[tokio::test]
async fn somebody_elses_session_is_as_good_as_unknown() {
    let house = House::new().await;
    let (ada, eve) = (house.guest("ada@x.io").await, house.guest("eve@x.io").await);
    let others = house.delete(&format!("/auth/sessions/{}", ada.session)).by(&eve).send().await;
    let unknown = house.delete(&format!("/auth/sessions/{}", uuid::Uuid::from_u128(7))).by(&eve).send().await;
    let none = house.delete("/auth/sessions/not-an-id").by(&eve).send().await;
    let others = others.must_say(404, "not-found");
    assert_eq!(others.bytes, unknown.must_say(404, "not-found").bytes);
    assert_eq!(others.bytes, none.must_say(404, "not-found").bytes);
    assert!(house.is_signed_in(&ada).await);
}

#[tokio::test]
async fn all_other_sessions_end_and_later_ones_do_not() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let others = [house.signed_in("ada@x.io").await, house.signed_in("ada@x.io").await];
    house.delete("/auth/sessions").by(&guest).send().await.must_be(204);
    for other in &others {
        assert!(!house.is_signed_in(other).await);
        house.refresh(&other.refresh_token).await.must_be(401);
    }
    assert!(house.is_signed_in(&guest).await);
    house.refresh(&guest.refresh_token).await.must_be(200);
    let later = house.signed_in("ada@x.io").await;
    assert!(house.is_signed_in(&later).await);
}

#[tokio::test]
async fn only_whoever_is_signed_in_ends_sessions() {
    let house = House::new().await;
    house.delete("/auth/sessions").send().await.must_say(401, "unauthenticated");
    house.delete(&format!("/auth/sessions/{}", uuid::Uuid::from_u128(7))).send().await.must_be(401);
}

async fn cause_of_end(house: &House, of: &Guest) -> Option<EndCause> {
    match house.facts(&StreamName::session(of.session)).await.last() {
        Some(Fact::SessionRevoked(ended)) => Some(ended.cause),
        Some(_) | None => None,
    }
}

#[tokio::test]
async fn one_session_too_many_ends_the_oldest_that_lives() {
    let house = House::with(|config| config.session_cap = 3).await;
    let mut guests = vec![house.guest("ada@x.io").await];
    for _ in 0..3 {
        house.clock.advance(std::time::Duration::from_secs(1));
        guests.push(house.signed_in("ada@x.io").await);
    }
    assert_eq!(cause_of_end(&house, &guests[0]).await, Some(EndCause::TooManySessions));
    house.refresh(&guests[0].refresh_token).await.must_say(401, "invalid-refresh-token");
    for other in &guests[1..] {
        assert!(house.is_signed_in(other).await);
    }
    // What ended by itself makes room.
    house.post("/auth/logout").by(&guests[2]).send().await.must_be(204);
    house.clock.advance(std::time::Duration::from_secs(1));
    guests.push(house.signed_in("ada@x.io").await);
    for (number, lives) in [(0, false), (1, true), (2, false), (3, true), (4, true)] {
        assert_eq!(house.is_signed_in(&guests[number]).await, lives, "session {number}");
    }
    assert!(house.is_signed_in(&house.guest("bob@x.io").await).await, "each person has their own");
}

#[tokio::test]
async fn of_many_that_start_at_once_as_many_live_as_are_allowed() {
    let house = House::with(|config| {
        config.session_cap = 3;
        config.rate_limits = false;
    })
    .await;
    // The clock stands still, so any of them may be the youngest, the first one too.
    let mut guests = vec![house.guest("ada@x.io").await];
    let started = join_all((0..10).map(|_| house.login("ada@x.io", PASSWORD))).await;
    guests.extend(started.into_iter().map(|answer| answer.must_be(200).guest()));
    let mut live = 0;
    for guest in &guests {
        live += usize::from(house.is_signed_in(guest).await);
    }
    assert_eq!(live, 3);
}
