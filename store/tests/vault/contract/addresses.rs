//! The address directory.

use super::on_every_engine;
use crate::place::{Place, at_once, at_second, user};
use store::vault::{Claim, ClaimOutcome};

on_every_engine! {
    an_address_is_claimed_confirmed_and_released,
    only_its_holder_confirms_or_releases_an_address,
    claiming_again_renews_a_claim_until_it_is_confirmed,
    of_many_who_claim_at_once_one_gets_it,
    of_many_who_take_over_at_once_one_gets_it,
    a_claim_that_changed_is_not_taken_over,
}

const ADDRESS: &str = "ada@example.org";

async fn an_address_is_claimed_confirmed_and_released(place: Place) {
    let vault = place.vault().await;
    assert_eq!(vault.find_address(ADDRESS).await.expect("answer"), None);
    let claimed = vault.claim_address(ADDRESS, user(1), at_second(1)).await;
    assert_eq!(claimed.expect("answer"), ClaimOutcome::Claimed);
    let claim = Claim { user: user(1), confirmed: false, claimed_at: at_second(1) };
    assert_eq!(vault.find_address(ADDRESS).await.expect("answer"), Some(claim));
    vault.confirm_address(ADDRESS, user(1)).await.expect("confirmed");
    let held = Claim { confirmed: true, ..claim };
    let refused = vault.claim_address(ADDRESS, user(2), at_second(2)).await;
    assert_eq!(refused.expect("answer"), ClaimOutcome::Held(held));
    vault.release_address(ADDRESS, user(1)).await.expect("released");
    assert_eq!(vault.find_address(ADDRESS).await.expect("answer"), None);
}

async fn only_its_holder_confirms_or_releases_an_address(place: Place) {
    let vault = place.vault().await;
    vault.claim_address(ADDRESS, user(1), at_second(1)).await.expect("claimed");
    vault.confirm_address(ADDRESS, user(2)).await.expect("nothing to do");
    vault.release_address(ADDRESS, user(2)).await.expect("nothing to do");
    let claim = Claim { user: user(1), confirmed: false, claimed_at: at_second(1) };
    assert_eq!(vault.find_address(ADDRESS).await.expect("answer"), Some(claim));
}

async fn claiming_again_renews_a_claim_until_it_is_confirmed(place: Place) {
    let vault = &place.vault().await;
    let claimed_at = |second| async move {
        let claimed = vault.claim_address(ADDRESS, user(1), at_second(second)).await;
        assert_eq!(claimed.expect("answer"), ClaimOutcome::Claimed);
        vault.find_address(ADDRESS).await.expect("answer").expect("a claim").claimed_at
    };
    assert_eq!(claimed_at(1).await, at_second(1));
    let old = vault.find_address(ADDRESS).await.expect("answer").expect("a claim");
    assert_eq!(claimed_at(2).await, at_second(2));
    let taken = vault.take_over_address(ADDRESS, &old, user(2), at_second(3)).await.expect("answer");
    assert!(!taken, "nobody takes over what was claimed anew");
    assert!(vault.confirm_address(ADDRESS, user(1)).await.expect("answer"));
    assert_eq!(claimed_at(4).await, at_second(2));
}

async fn of_many_who_claim_at_once_one_gets_it(place: Place) {
    let outcomes = at_once(&place, 50, |vault, n| async move {
        vault.claim_address(ADDRESS, user(u128::from(n) + 1), at_second(1)).await.expect("answer")
    });
    let outcomes = outcomes.await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == ClaimOutcome::Claimed).count(), 1);
    let holder = place.vault().await.find_address(ADDRESS).await.expect("answer").expect("a claim");
    let others = outcomes.iter().filter(|outcome| **outcome != ClaimOutcome::Claimed);
    assert!(others.into_iter().all(|outcome| *outcome == ClaimOutcome::Held(holder)));
}

async fn of_many_who_take_over_at_once_one_gets_it(place: Place) {
    let vault = place.vault().await;
    vault.claim_address(ADDRESS, user(100), at_second(1)).await.expect("claimed");
    let from = vault.find_address(ADDRESS).await.expect("answer").expect("a claim");
    let taken = at_once(&place, 50, |vault, n| async move {
        let to = user(u128::from(n) + 1);
        let taken = vault.take_over_address(ADDRESS, &from, to, at_second(90)).await.expect("answer");
        taken.then_some(to)
    });
    let winners: Vec<_> = taken.await.into_iter().flatten().collect();
    let holder = vault.find_address(ADDRESS).await.expect("answer").expect("a claim");
    assert_eq!(winners, [holder.user]);
    assert_eq!((holder.confirmed, holder.claimed_at), (false, at_second(90)));
}

async fn a_claim_that_changed_is_not_taken_over(place: Place) {
    let vault = place.vault().await;
    vault.claim_address(ADDRESS, user(1), at_second(1)).await.expect("claimed");
    let from = vault.find_address(ADDRESS).await.expect("answer").expect("a claim");
    vault.confirm_address(ADDRESS, user(1)).await.expect("confirmed");
    assert!(!vault.take_over_address(ADDRESS, &from, user(2), at_second(90)).await.expect("answer"));
}
