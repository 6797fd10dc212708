//! Which sessions a person may have.

use super::on_every_engine;
use crate::place::{Place, at_second};
use events::{SessionId, UserId};
use store::vault::{ListedSession, Vault};
use uuid::Uuid;

on_every_engine! {
    sessions_are_listed_the_oldest_first_and_by_person,
    what_is_struck_is_gone_and_what_was_listed_twice_is_there_once,
    a_sweep_drops_sessions_that_have_expired,
}

const ADA: UserId = UserId(Uuid::from_u128(0xada));
const BOB: UserId = UserId(Uuid::from_u128(0xb0b));

fn session(number: u128, second: i64) -> ListedSession {
    ListedSession { id: SessionId(Uuid::from_u128(number)), listed_at: at_second(second) }
}

async fn listed(vault: &Vault, user: UserId) -> Vec<ListedSession> {
    vault.listed_sessions(user).await.expect("listed")
}

async fn sessions_are_listed_the_oldest_first_and_by_person(place: Place) {
    let vault = place.vault().await;
    for (user, session) in
        [(ADA, session(2, 7)), (ADA, session(1, 9)), (BOB, session(3, 8)), (ADA, session(4, 5))]
    {
        vault.list_session(user, &session, at_second(100)).await.expect("listed");
    }
    let elsewhere = place.vault().await;
    assert_eq!(listed(&elsewhere, ADA).await, [session(4, 5), session(2, 7), session(1, 9)]);
    assert_eq!(listed(&elsewhere, BOB).await, [session(3, 8)]);
}

async fn what_is_struck_is_gone_and_what_was_listed_twice_is_there_once(place: Place) {
    let vault = place.vault().await;
    for second in [1, 2] {
        vault.list_session(ADA, &session(1, second), at_second(100)).await.expect("listed");
        vault.list_session(ADA, &session(2, second), at_second(100)).await.expect("listed");
        vault.list_session(BOB, &session(1, second), at_second(100)).await.expect("listed");
    }
    assert_eq!(listed(&vault, ADA).await, [session(1, 1), session(2, 1)]);
    vault.strike_sessions(ADA, &[session(1, 1).id, session(9, 9).id]).await.expect("struck");
    assert_eq!(listed(&vault, ADA).await, [session(2, 1)]);
    assert_eq!(listed(&vault, BOB).await, [session(1, 1)]);
}

async fn a_sweep_drops_sessions_that_have_expired(place: Place) {
    let vault = place.vault().await;
    vault.list_session(ADA, &session(1, 1), at_second(10)).await.expect("listed");
    vault.list_session(ADA, &session(2, 2), at_second(20)).await.expect("listed");
    vault.sweep(at_second(9)).await.expect("swept");
    assert_eq!(listed(&vault, ADA).await.len(), 2);
    vault.sweep(at_second(10)).await.expect("swept");
    assert_eq!(listed(&vault, ADA).await, [session(2, 2)]);
}
