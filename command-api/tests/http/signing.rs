//! The keys that sign access tokens, while they change.

use crate::house::{Guest, House};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use std::time::Duration;

/// The name of the key that signed somebody's access token.
fn signed_by(guest: &Guest) -> String {
    let header = guest.access_token.split('.').next().expect("a header");
    let header: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).expect("base64url")).expect("JSON");
    header["kid"].as_str().expect("a name").to_owned()
}

#[tokio::test]
async fn a_new_key_signs_when_its_time_has_come_and_the_old_one_goes_on_verifying() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    let (now, lead) = (house.clock.now(), Duration::from_secs(300));
    let new = house.vault.add_signing_key(now, now.after(lead)).await.expect("made").expect("alone");
    let house = house.reopened(|_| {}).await;
    let early = house.signed_in("ada@x.io").await;
    assert_eq!(signed_by(&early), signed_by(&ada), "it is published, and does not sign yet");
    house.clock.advance(lead);
    let late = house.signed_in("ada@x.io").await;
    assert_eq!(signed_by(&late), new);
    for guest in [&ada, &early, &late] {
        assert!(house.is_signed_in(guest).await);
    }
}

#[tokio::test]
async fn a_token_under_a_key_that_another_process_made_is_taken() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    house.vault.replace_signing_keys(house.clock.now()).await.expect("made").expect("alone");
    // What another process, which knows of the new key, has signed.
    let elsewhere = house.beside().await;
    let new = elsewhere.signed_in("ada@x.io").await;
    assert_ne!(signed_by(&new), signed_by(&ada));
    assert!(house.is_signed_in(&new).await, "it was looked for");
    assert!(!house.is_signed_in(&ada).await, "and what is gone was noticed with it");
    assert!(!elsewhere.is_signed_in(&ada).await);
    let again = house.refresh(&ada.refresh_token).await.must_be(200).guest();
    assert_eq!(signed_by(&again), signed_by(&new), "who was signed in stays so");
}
