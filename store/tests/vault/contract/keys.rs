//! Signing keys.

use super::on_every_engine;
use crate::place::{Place, at_once, at_second};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use std::collections::BTreeSet;

on_every_engine! {
    what_a_signing_key_signs_its_public_key_verifies,
    of_many_who_make_the_first_signing_key_at_once_one_does,
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
