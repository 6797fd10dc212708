//! Tallies of guesses.

use super::on_every_engine;
use crate::place::{Place, at_once, at_second};
use events::Timestamp;
use store::vault::{AddressHash, Attempts, Vault};

on_every_engine! {
    tallies_begin_empty_and_are_kept_by_source_and_address,
    two_hundred_guesses_at_once_are_counted_exactly,
    guesses_from_many_sources_at_once_add_up_for_the_address,
    forgetting_an_address_leaves_the_others,
    forgetting_and_guessing_at_once_both_succeed,
    a_sweep_drops_what_nobody_added_to_for_a_day,
}

const ADDRESS: AddressHash = AddressHash([3; 32]);
const OTHER_ADDRESS: AddressHash = AddressHash([4; 32]);

async fn read(vault: &Vault, hash: AddressHash, source: u8) -> (Attempts, Attempts) {
    let read = |for_source: &mut Attempts, for_address: &mut Attempts| (*for_source, *for_address);
    vault.update_attempts(hash, &[source; 32], read).await.expect("read")
}

async fn add(vault: &Vault, hash: AddressHash, source: u8, now: Timestamp) {
    let add = |for_source: &mut Attempts, for_address: &mut Attempts| {
        for_source.failures += 1;
        for_address.failures += 1;
        for_address.window_started = now;
    };
    vault.update_attempts(hash, &[source; 32], add).await.expect("added");
}

async fn tallies_begin_empty_and_are_kept_by_source_and_address(place: Place) {
    let vault = place.vault().await;
    assert_eq!(read(&vault, ADDRESS, 1).await, (Attempts::default(), Attempts::default()));
    let (for_source, for_address) = (
        Attempts {
            failures: 1,
            locked_until: Some(at_second(60)),
            window_started: at_second(1),
            recorded_in_window: 2,
        },
        Attempts {
            failures: u32::MAX,
            locked_until: None,
            window_started: at_second(2),
            recorded_in_window: 3,
        },
    );
    let write =
        |source: &mut Attempts, address: &mut Attempts| (*source, *address) = (for_source, for_address);
    vault.update_attempts(ADDRESS, &[1; 32], write).await.expect("written");
    let elsewhere = place.vault().await;
    assert_eq!(read(&elsewhere, ADDRESS, 1).await, (for_source, for_address));
    assert_eq!(read(&elsewhere, ADDRESS, 2).await, (Attempts::default(), for_address));
    assert_eq!(read(&elsewhere, OTHER_ADDRESS, 1).await, (Attempts::default(), Attempts::default()));
}

async fn two_hundred_guesses_at_once_are_counted_exactly(place: Place) {
    let admitted = at_once(&place, 200, |vault, _| async move {
        let guess = |for_source: &mut Attempts, for_address: &mut Attempts| {
            for_address.failures += 1;
            let admitted = for_source.failures < 5;
            for_source.failures += u32::from(admitted);
            admitted
        };
        vault.update_attempts(ADDRESS, &[1; 32], guess).await.expect("counted")
    });
    assert_eq!(admitted.await.into_iter().filter(|admitted| *admitted).count(), 5);
    let (for_source, for_address) = read(&place.vault().await, ADDRESS, 1).await;
    assert_eq!((for_source.failures, for_address.failures), (5, 200));
}

async fn guesses_from_many_sources_at_once_add_up_for_the_address(place: Place) {
    at_once(&place, 60, |vault, n| async move {
        add(&vault, ADDRESS, u8::try_from(n % 6).expect("small"), at_second(0)).await;
    })
    .await;
    let vault = place.vault().await;
    for source in 0..6 {
        let (for_source, for_address) = read(&vault, ADDRESS, source).await;
        assert_eq!((for_source.failures, for_address.failures), (10, 60));
    }
}

async fn forgetting_an_address_leaves_the_others(place: Place) {
    let vault = place.vault().await;
    for (hash, source) in [(ADDRESS, 1), (ADDRESS, 2), (OTHER_ADDRESS, 1)] {
        add(&vault, hash, source, at_second(0)).await;
    }
    vault.forget_attempts(ADDRESS).await.expect("forgotten");
    for source in [1, 2] {
        assert_eq!(read(&vault, ADDRESS, source).await, (Attempts::default(), Attempts::default()));
    }
    assert_eq!(read(&vault, OTHER_ADDRESS, 1).await.0.failures, 1);
}

async fn forgetting_and_guessing_at_once_both_succeed(place: Place) {
    at_once(&place, 100, |vault, n| async move {
        match n % 4 {
            0 => vault.forget_attempts(ADDRESS).await.expect("forgotten"),
            1 => vault.sweep(at_second(0)).await.expect("swept"),
            _ => add(&vault, ADDRESS, u8::try_from(n % 7).expect("small"), at_second(0)).await,
        }
    })
    .await;
}

async fn a_sweep_drops_what_nobody_added_to_for_a_day(place: Place) {
    let vault = place.vault().await;
    add(&vault, ADDRESS, 1, at_second(0)).await;
    add(&vault, OTHER_ADDRESS, 1, at_second(1)).await;
    vault.sweep(at_second(24 * 60 * 60)).await.expect("swept");
    assert_eq!(read(&vault, OTHER_ADDRESS, 1).await.0.failures, 1);
    assert_eq!(read(&vault, ADDRESS, 1).await, (Attempts::default(), Attempts::default()));
}
