//! That somebody is always left who can act as admin.

use super::on_every_engine;
use crate::place::{Place, at_once, user};
use events::Version;
use store::vault::Vault;

on_every_engine! {
    the_last_admin_is_not_withdrawn,
    of_admins_withdrawn_at_once_one_stays,
    an_older_version_is_ignored,
    a_withdrawal_is_taken_back_at_its_own_version,
}

const V1: Version = Version(1);

async fn record(vault: &Vault, n: u128, version: Version, is_admin: bool) {
    vault.record_admin(user(n), version, is_admin).await.expect("recorded");
}

async fn withdraw(vault: &Vault, n: u128, version: Version) -> bool {
    vault.withdraw_admin(user(n), version).await.expect("answer")
}

async fn the_last_admin_is_not_withdrawn(place: Place) {
    let vault = place.vault().await;
    assert!(!withdraw(&vault, 1, V1).await, "an empty list leaves nobody");
    record(&vault, 1, V1, true).await;
    record(&vault, 2, V1, true).await;
    assert!(withdraw(&vault, 1, V1).await);
    assert!(!withdraw(&vault, 2, V1).await);
    assert!(!withdraw(&vault, 2, V1).await, "the refusal changed nothing");
    record(&vault, 3, V1, true).await;
    assert!(withdraw(&vault, 2, V1).await);
}

async fn of_admins_withdrawn_at_once_one_stays(place: Place) {
    let vault = place.vault().await;
    for n in 0..20 {
        record(&vault, n, V1, true).await;
    }
    let withdrawn =
        at_once(&place, 20, |vault, n| async move { withdraw(&vault, u128::from(n), V1).await }).await;
    assert_eq!(withdrawn.into_iter().filter(|withdrawn| *withdrawn).count(), 19);
}

async fn an_older_version_is_ignored(place: Place) {
    let vault = place.vault().await;
    record(&vault, 1, Version(5), true).await;
    record(&vault, 2, Version(5), true).await;
    record(&vault, 2, Version(4), false).await;
    assert!(withdraw(&vault, 1, Version(4)).await, "the second is an admin still");
    assert!(withdraw(&vault, 2, Version(5)).await, "the first was not withdrawn by an older version");
    assert!(!withdraw(&vault, 1, Version(5)).await);
}

async fn a_withdrawal_is_taken_back_at_its_own_version(place: Place) {
    let vault = place.vault().await;
    record(&vault, 1, V1, true).await;
    record(&vault, 2, V1, true).await;
    assert!(withdraw(&vault, 1, Version(3)).await);
    record(&vault, 1, Version(3), true).await;
    assert!(withdraw(&vault, 2, Version(3)).await, "the first is an admin again");
}
