//! Migrating and opening.

use super::on_every_engine;
use crate::place::{Place, at_once, at_second, master};
use std::collections::BTreeSet;
use store::vault::{MasterKey, Purpose, Vault, VaultError};

on_every_engine! {
    migrating_twice_changes_nothing,
    another_master_key_is_refused,
    of_many_who_open_at_once_all_get_the_same_server_keys,
    server_keys_differ_by_purpose_and_stay,
    a_keyed_hash_is_apart_by_label_and_by_where_parts_end,
    a_vault_and_its_keys_are_not_printed,
}

async fn migrating_twice_changes_nothing(place: Place) {
    let before = place.vault().await.server_key(Purpose::Lasting);
    Vault::migrate(&place.url).await.expect("migrated");
    assert_eq!(place.vault().await.server_key(Purpose::Lasting), before);
}

async fn another_master_key_is_refused(place: Place) {
    place.vault().await;
    let refused = Vault::open(&place.url, MasterKey::from_bytes([2; 32])).await;
    assert!(matches!(refused, Err(VaultError::WrongMasterKey)));
}

async fn of_many_who_open_at_once_all_get_the_same_server_keys(place: Place) {
    let url = place.url.clone();
    let open = |_| {
        let url = url.clone();
        tokio::spawn(async move { Vault::open(&url, master()).await.expect("opened") })
    };
    let opening: Vec<_> = (0..8).map(open).collect();
    let mut keys = BTreeSet::new();
    for vault in opening {
        let vault = vault.await.expect("no panic");
        keys.insert(
            [Purpose::Lasting, Purpose::Refresh, Purpose::Token].map(|purpose| *vault.server_key(purpose)),
        );
    }
    assert_eq!(keys.len(), 1);
}

async fn server_keys_differ_by_purpose_and_stay(place: Place) {
    let keys =
        |vault: Vault| [Purpose::Lasting, Purpose::Refresh, Purpose::Token].map(|p| *vault.server_key(p));
    let first = keys(place.vault().await);
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 3);
    assert_eq!(keys(place.vault().await), first);
}

async fn a_keyed_hash_is_apart_by_label_and_by_where_parts_end(place: Place) {
    let vault = place.vault().await;
    let hashes = [
        vault.keyed_hash("source", &[b"ab", b"c"]),
        vault.keyed_hash("source", &[b"a", b"bc"]),
        vault.keyed_hash("source", &[b"abc"]),
        vault.keyed_hash("body", &[b"abc"]),
        vault.address_hash("abc").0,
    ];
    assert_eq!(hashes.iter().collect::<BTreeSet<_>>().len(), hashes.len());
    assert_eq!(vault.keyed_hash("source", &[b"ab", b"c"]), hashes[0]);
}

async fn a_vault_and_its_keys_are_not_printed(place: Place) {
    let vault = place.vault().await;
    assert_eq!(format!("{vault:?}"), "Vault(…)");
    let made = at_once(&place, 1, |vault, _| async move { vault.ensure_signing_key(at_second(0)).await });
    made.await.into_iter().for_each(|made| made.expect("made"));
    let keys = vault.signing_keys().await.expect("keys");
    assert_eq!(format!("{keys:?}"), format!("[SigningKey({}, …)]", keys[0].kid));
}
