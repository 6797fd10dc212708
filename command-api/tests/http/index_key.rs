//! Another index key, while people come, go, and sign in.

use crate::{
    devices::{device_of, lock_account, login_on},
    house::{House, PASSWORD},
    sources::served,
    users_import::{counts, import},
};
use command_api::reindex;
use events::UserId;
use serde_json::json;
use std::time::Duration;

async fn reindexed(house: &House) -> (u64, u64, u64) {
    let done = reindex(&house.app, |_| ()).await.expect("the directory goes by another key");
    (done.filled, done.dropped, done.forgotten)
}

#[tokio::test]
async fn everybody_keeps_their_address_and_nobody_gets_anothers() {
    let house = House::new().await;
    let elsewhere = house.beside().await;
    for email in ["ada@x.io", "bob@x.io"] {
        house.guest(email).await;
        elsewhere.login(email, PASSWORD).await.must_be(200);
    }
    for addresses in [2, 3] {
        assert_eq!(reindexed(&house).await, (addresses, 0, addresses));
        for house in [&house, &elsewhere] {
            for email in ["ada@x.io", "bob@x.io"] {
                house.login(email, PASSWORD).await.must_be(200);
                let body = json!({ "email": email, "password": PASSWORD });
                house.post("/auth/register").json(body).send().await.must_say(409, "email-taken");
            }
        }
        if addresses == 2 {
            elsewhere.guest("eve@x.io").await;
            house.login("eve@x.io", PASSWORD).await.must_be(200);
        }
    }
}

#[tokio::test]
async fn a_file_that_is_imported_again_brings_nobody_twice_and_nobody_back() {
    let house = House::new().await;
    let admin = house.admin().await;
    let file = "email\nbea@x.io\nsam@x.io\n";
    let first = import(&house, &admin, &[("file", file)]).await.must_be(200).body();
    assert_eq!(counts(&first), [2, 0, 0], "{first}");
    let bea = first["rows"][0]["user_id"].as_str().expect("an id").to_owned();
    house.post(&format!("/users/{bea}/erasure")).by(&admin).send().await.must_be(202);
    // The admin and Sam; Bea's address went with her.
    assert_eq!(reindexed(&house).await, (2, 0, 2));
    let again = import(&house, &admin, &[("file", file)]).await.must_be(200).body();
    assert_eq!(counts(&again), [0, 2, 0], "{again}");
    // Her address is free all the same.
    house.guest("bea@x.io").await;
}

#[tokio::test]
async fn a_claim_that_holds_no_longer_is_dropped_and_its_address_free() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    let nobody = UserId(uuid::Uuid::from_u128(7));
    // One process was killed before somebody came to be, another before an address was changed.
    house.vault.claim_address("eve@x.io", nobody, house.clock.now()).await.expect("claimed");
    house.vault.claim_address("ada@y.io", ada.id, house.clock.now()).await.expect("claimed");
    house.clock.advance(Duration::from_secs(121));
    assert_eq!(reindexed(&house).await, (1, 2, 1));
    for email in ["eve@x.io", "ada@y.io"] {
        house.guest(email).await;
    }
    house.login("ada@x.io", PASSWORD).await.must_be(200);
}

#[tokio::test]
async fn a_claim_that_is_under_way_is_waited_for() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    // As if she were about to come to be: the log does not know her address yet.
    let somebody = UserId(uuid::Uuid::from_u128(7));
    house.vault.claim_address("eve@x.io", somebody, house.clock.now()).await.expect("claimed");
    let (mut looks, clock, vault) = (0, house.clock.clone(), house.vault.clone());
    let done = reindex(&house.app, |_| {
        looks += 1;
        // The second look; nothing is dropped before its time has run out.
        if looks == 2 {
            clock.advance(Duration::from_secs(121));
        }
    });
    let done = done.await.expect("done");
    assert!(looks >= 2, "it went over without the claim");
    assert_eq!((done.filled, done.dropped), (1, 1));
    assert!(vault.find_address("eve@x.io").await.expect("answer").is_none());
    assert_eq!(vault.find_address("ada@x.io").await.expect("answer").map(|claim| claim.user), Some(ada.id));
}

#[tokio::test]
async fn what_was_counted_and_remembered_stays_so() {
    let house = House::new().await;
    let body = json!({ "email": "ada@x.io", "password": PASSWORD });
    let register =
        || house.post("/auth/register").header("idempotency-key", "once").json(body.clone()).send();
    let first = register().await.must_be(201).body();
    let (device, elsewhere) = (device_of(&house, "ada@x.io").await, house.beside().await);
    let (address, _serving) = served(&house).await;
    lock_account(address).await;
    reindexed(&house).await;
    assert_eq!(
        register().await.must_be(201).body()["id"],
        first["id"],
        "the same request, answered as before"
    );
    for house in [&house, &elsewhere] {
        house.login("ada@x.io", PASSWORD).await.must_say(429, "too-many-attempts");
    }
    for house in [&elsewhere, &house] {
        login_on(house, "ada@x.io", PASSWORD, &device).await.must_be(200);
    }
    // A device that it was given to anew is known by the new key, and after the old one is gone by that alone.
    let again = login_on(&house, "ada@x.io", PASSWORD, &device).await.must_be(200).body();
    house.vault.retire_index_keys(house.clock.now()).await.expect("dropped");
    login_on(&house, "ada@x.io", PASSWORD, &device).await.must_say(429, "too-many-attempts");
    let again = again["device_token"].as_str().expect("a token");
    login_on(&elsewhere, "ada@x.io", PASSWORD, again).await.must_be(200);
}
