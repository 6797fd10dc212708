//! Requests that carry an idempotency key.

use super::on_every_engine;
use crate::place::{Place, at_once, at_second};
use store::vault::Remembered;

on_every_engine! {
    a_request_is_told_its_first_seed_and_time,
    another_body_under_the_same_key_is_told_apart,
    after_a_day_a_key_is_new,
    a_sweep_drops_what_has_expired_and_nothing_else,
    of_many_that_come_at_once_one_is_the_first,
}

const KEY: [u8; 32] = [5; 32];
const BODY: [u8; 32] = [6; 32];
const DAY_SECONDS: i64 = 24 * 60 * 60;

async fn a_request_is_told_its_first_seed_and_time(place: Place) {
    let vault = place.vault().await;
    let first = vault.remember_request(&KEY, &BODY, [1; 16], at_second(0)).await.expect("answer");
    assert_eq!(first, Remembered::First { seed: [1; 16], at: at_second(0) });
    for second in [1, DAY_SECONDS - 1] {
        let elsewhere = place.vault().await;
        let again =
            elsewhere.remember_request(&KEY, &BODY, [2; 16], at_second(second)).await.expect("answer");
        assert_eq!(again, Remembered::Again { seed: [1; 16], at: at_second(0) });
    }
}

async fn another_body_under_the_same_key_is_told_apart(place: Place) {
    let vault = place.vault().await;
    vault.remember_request(&KEY, &BODY, [1; 16], at_second(0)).await.expect("answer");
    let other = vault.remember_request(&KEY, &[7; 32], [2; 16], at_second(1)).await.expect("answer");
    assert_eq!(other, Remembered::OtherBody);
    let again = vault.remember_request(&KEY, &BODY, [3; 16], at_second(2)).await.expect("answer");
    assert_eq!(again, Remembered::Again { seed: [1; 16], at: at_second(0) });
}

async fn after_a_day_a_key_is_new(place: Place) {
    let vault = place.vault().await;
    vault.remember_request(&KEY, &BODY, [1; 16], at_second(0)).await.expect("answer");
    let later = at_second(DAY_SECONDS);
    let first = vault.remember_request(&KEY, &[7; 32], [2; 16], later).await.expect("answer");
    assert_eq!(first, Remembered::First { seed: [2; 16], at: later });
    let again = vault.remember_request(&KEY, &[7; 32], [3; 16], later).await.expect("answer");
    assert_eq!(again, Remembered::Again { seed: [2; 16], at: later });
}

async fn a_sweep_drops_what_has_expired_and_nothing_else(place: Place) {
    let vault = place.vault().await;
    vault.remember_request(&KEY, &BODY, [1; 16], at_second(0)).await.expect("answer");
    vault.sweep(at_second(DAY_SECONDS - 1)).await.expect("swept");
    let again = vault.remember_request(&KEY, &BODY, [2; 16], at_second(1)).await.expect("answer");
    assert_eq!(again, Remembered::Again { seed: [1; 16], at: at_second(0) });
    vault.sweep(at_second(DAY_SECONDS)).await.expect("swept");
    let first = vault.remember_request(&KEY, &BODY, [2; 16], at_second(1)).await.expect("answer");
    assert_eq!(first, Remembered::First { seed: [2; 16], at: at_second(1) });
}

async fn of_many_that_come_at_once_one_is_the_first(place: Place) {
    let answers = at_once(&place, 50, |vault, n| async move {
        let seed = [u8::try_from(n).expect("small"); 16];
        vault.remember_request(&KEY, &BODY, seed, at_second(0)).await.expect("answer")
    });
    let answers = answers.await;
    let first: Vec<_> = answers.iter().filter(|one| matches!(one, Remembered::First { .. })).collect();
    let [Remembered::First { seed, at }] = first[..] else { panic!("one is the first, not {first:?}") };
    let again = Remembered::Again { seed: *seed, at: *at };
    assert_eq!(answers.iter().filter(|one| **one == again).count(), 49);
}
