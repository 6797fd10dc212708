//! Signing keys.

use super::on_every_engine;
use crate::place::{Place, at_once, at_second};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use events::Timestamp;
use std::collections::BTreeSet;
use store::vault::{SigningKey, Vault};

on_every_engine! {
    what_a_signing_key_signs_its_public_key_verifies,
    of_many_who_make_the_first_signing_key_at_once_one_does,
    a_signing_key_goes_once_another_has_taken_over_long_enough_ago,
    in_an_emergency_one_new_signing_key_is_left,
}

async fn what_a_signing_key_signs_its_public_key_verifies(place: Place) {
    let vault = place.vault().await;
    assert!(vault.signing_keys().await.expect("keys").is_empty());
    assert!(vault.public_signing_keys().await.expect("keys").is_empty());
    vault.ensure_signing_key(at_second(1)).await.expect("made");
    vault.ensure_signing_key(at_second(2)).await.expect("nothing to do");
    let (private, public) = (vault.signing_keys().await.expect("keys"), vault.public_signing_keys().await);
    let (private, public) = (&private[..], &public.expect("keys")[..]);
    let ([private], [public]) = (private, public) else { panic!("one key") };
    assert_eq!((&private.kid, private.public), (&public.kid, public.public));
    assert_eq!(private.created_at, at_second(1));
    let signature = Ed25519KeyPair::from_pkcs8(&private.pkcs8).expect("a key pair").sign(b"claims");
    UnparsedPublicKey::new(&ED25519, public.public).verify(b"claims", signature.as_ref()).expect("verified");
}

async fn of_many_who_make_the_first_signing_key_at_once_one_does(place: Place) {
    let seen = at_once(&place, 20, |vault, _| async move {
        vault.ensure_signing_key(at_second(1)).await.expect("made");
        let keys = vault.public_signing_keys().await.expect("keys");
        keys.into_iter().map(|key| key.kid).collect::<Vec<_>>()
    });
    let seen: BTreeSet<_> = seen.await.into_iter().collect();
    assert_eq!(seen.iter().map(Vec::len).collect::<Vec<_>>(), [1]);
}

/// The names of the keys that verify, newest first.
async fn published(vault: &Vault) -> Vec<String> {
    vault.public_signing_keys().await.expect("keys").into_iter().map(|key| key.kid).collect()
}

async fn a_signing_key_goes_once_another_has_taken_over_long_enough_ago(place: Place) {
    let vault = place.vault().await;
    vault.ensure_signing_key(at_second(1)).await.expect("made");
    let first = published(&vault).await.remove(0);
    let second = vault.add_signing_key(at_second(10), at_second(20)).await.expect("made").expect("alone");
    let third = vault.add_signing_key(at_second(30), at_second(40)).await.expect("made").expect("alone");
    assert_eq!(published(&vault).await, [&third, &second, &first].map(String::clone));
    let signs_from = |key: SigningKey| key.signs_from;
    let keys = vault.signing_keys().await.expect("keys");
    let moments: Vec<_> = keys.into_iter().map(signs_from).collect();
    assert_eq!(moments, [at_second(40), at_second(20), Timestamp::default()]);

    assert_eq!(vault.retire_signing_keys(at_second(19)).await.expect("answer"), 0);
    assert_eq!(vault.retire_signing_keys(at_second(20)).await.expect("answer"), 1);
    assert_eq!(published(&vault).await, [&third, &second].map(String::clone));
    assert_eq!(vault.retire_signing_keys(at_second(40)).await.expect("answer"), 1);
    assert_eq!(vault.retire_signing_keys(at_second(90)).await.expect("answer"), 0, "one is always left");
    assert_eq!(published(&vault).await, [third]);
}

async fn in_an_emergency_one_new_signing_key_is_left(place: Place) {
    let vault = place.vault().await;
    vault.ensure_signing_key(at_second(1)).await.expect("made");
    vault.add_signing_key(at_second(10), at_second(20)).await.expect("made");
    let before = published(&vault).await;
    let new = vault.replace_signing_keys(at_second(11)).await.expect("made").expect("alone");
    assert_eq!(published(&vault).await, std::slice::from_ref(&new));
    assert!(!before.contains(&new));
    assert_eq!(vault.signing_keys().await.expect("keys")[0].signs_from, at_second(11));
}
