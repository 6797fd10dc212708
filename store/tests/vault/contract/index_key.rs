//! Replacing the index key.

use super::on_every_engine;
use crate::place::{Place, at_second, user};
use std::time::{Duration, Instant};
use store::vault::{
    Claim, ClaimOutcome, Filled, IndexKeyState, IndexKeyUse, Purpose, Refilling, Vault, VaultError,
};
use tokio::task::JoinSet;

on_every_engine! {
    the_directory_goes_over_to_the_next_key_and_forgets_the_last,
    who_has_not_heard_of_a_step_works_by_it_all_the_same,
    of_many_who_claim_while_the_key_is_replaced_one_gets_each_address,
    the_directory_does_not_go_over_while_a_hash_is_missing,
    what_is_given_up_or_taken_over_meanwhile_is_right,
    what_is_claimed_anew_meanwhile_is_not_dropped,
    a_replacement_that_was_broken_off_goes_on_at_any_step,
    a_second_replacement_begins_when_the_first_is_over,
    a_device_is_known_until_the_last_key_that_knows_it_is_dropped,
    a_vault_from_before_there_were_index_keys_keeps_its_hashes,
}

fn address(n: u32) -> String {
    format!("person-{n}@example.org")
}

async fn claimed(vault: &Vault, numbers: impl IntoIterator<Item = u32>) {
    for n in numbers {
        let outcome = vault.claim_address(&address(n), user(n.into()), at_second(0)).await;
        assert_eq!(outcome.expect("answer"), ClaimOutcome::Claimed);
        assert!(vault.confirm_address(&address(n), user(n.into())).await.expect("confirmed"));
    }
}

async fn holder(vault: &Vault, n: u32) -> Option<u128> {
    vault.find_address(&address(n)).await.expect("answer").map(|claim| claim.user.0.as_u128())
}

/// Fills in what is missing, as who knows the log does: person n has address n.
async fn fill(vault: &Vault) -> u64 {
    let (mut after, mut filled) = (None, 0);
    loop {
        let page = vault.unfilled(after.as_ref()).await.expect("rows");
        let Some(last) = page.last().cloned() else { return filled };
        for row in &page {
            let theirs = address(u32::try_from(row.claim.user.0.as_u128()).expect("a small number"));
            assert_eq!(vault.fill(row, &theirs).await.expect("answer"), Filled::Done);
            filled += 1;
        }
        after = Some(last);
    }
}

/// All hashes that there are.
async fn hashes(place: &Place, column: &str) -> i64 {
    place.count(&format!("addresses where {column} is not null")).await
}

async fn the_directory_goes_over_to_the_next_key_and_forgets_the_last(place: Place) {
    let vault = place.vault().await;
    claimed(&vault, 1..=3).await;
    assert_eq!(vault.refilling().await.expect("answer"), Refilling::Idle);
    vault.begin_refilling().await.expect("begun");
    assert_eq!(vault.refilling().await.expect("answer"), Refilling::Filling);
    claimed(&vault, 4..=4).await;
    assert_eq!(
        vault.fill(&vault.unfilled(None).await.expect("rows")[0], "x@x.io").await.expect("answer"),
        Filled::OtherAddress
    );
    assert_eq!(fill(&vault).await, 3, "whoever comes meanwhile brings both");
    assert!(vault.go_over(at_second(9)).await.expect("answer"));
    assert_eq!(vault.refilling().await.expect("answer"), Refilling::Forgetting);
    claimed(&vault, 5..=5).await;
    for n in 1..=5 {
        assert_eq!(holder(&vault, n).await, Some(n.into()));
    }
    assert_eq!(hashes(&place, "address_hash").await, 4);
    assert_eq!(vault.forget_old_hashes().await.expect("forgotten"), 4);
    assert_eq!((hashes(&place, "address_hash").await, hashes(&place, "even_hash").await), (0, 5));
    assert_eq!(vault.refilling().await.expect("answer"), Refilling::Idle);
    let refused = vault.claim_address(&address(1), user(9), at_second(10)).await.expect("answer");
    let first = Claim { user: user(1), confirmed: true, claimed_at: at_second(0) };
    assert_eq!(refused, ClaimOutcome::Held(first));
}

async fn who_has_not_heard_of_a_step_works_by_it_all_the_same(place: Place) {
    // Each of these has looked at the directory before the first step, and is asked for the first time after one.
    let late: Vec<_> = [place.vault().await, place.vault().await, place.vault().await].into();
    for vault in &late {
        assert_eq!(holder(vault, 1).await, None);
    }
    let vault = place.vault().await;
    claimed(&vault, 1..=1).await;
    vault.begin_refilling().await.expect("begun");
    claimed(&late[0], 2..=2).await;
    assert_eq!(fill(&vault).await, 1, "the late claim brought both hashes");
    assert!(vault.go_over(at_second(9)).await.expect("answer"));
    assert_eq!(holder(&late[1], 2).await, Some(2));
    claimed(&late[1], 3..=3).await;
    vault.forget_old_hashes().await.expect("forgotten");
    assert_eq!(holder(&vault, 3).await, Some(3));
    assert!(
        late[2].release_address(&address(3), user(3)).await.expect("answer"),
        "by the last key it is not there"
    );
    assert_eq!(holder(&vault, 3).await, None);
    let held = late[2].claim_address(&address(1), user(9), at_second(10)).await.expect("answer");
    assert!(matches!(held, ClaimOutcome::Held(claim) if claim.user == user(1)));
    assert_eq!(hashes(&place, "address_hash").await, 0);
}

/// What the vault answers; it is asked again while its database does not: SQLite lets writers in by no order, so one of
/// many may be out of luck until it gives up.
async fn answer<T, F: Future<Output = Result<T, VaultError>>>(ask: impl Fn() -> F) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match ask().await {
            Err(error @ VaultError::Broken(_)) if error.is_away() => {
                assert!(Instant::now() < deadline, "{error}");
            }
            answer => return answer.expect("answer"),
        }
    }
}

/// Many processes claim the same addresses, each for somebody else, from before the first step until after the last.
async fn of_many_who_claim_while_the_key_is_replaced_one_gets_each_address(place: Place) {
    const CLAIMANTS: u32 = 4;
    const ADDRESSES: u32 = 60;
    let rotating = place.vault().await;
    let mut vaults = Vec::new();
    for _ in 0..CLAIMANTS {
        vaults.push(place.vault().await);
    }
    let mut claiming = JoinSet::new();
    for (vault, claimant) in vaults.into_iter().zip(0..) {
        claiming.spawn(async move {
            let mut got = Vec::new();
            for n in 0..ADDRESSES {
                // Person n + 1000 · claimant wants address n.
                let me = user((n + 1000 * claimant).into());
                let theirs = address(n);
                let outcome = answer(|| vault.claim_address(&theirs, me, at_second(1))).await;
                if outcome == ClaimOutcome::Claimed {
                    got.push(n);
                }
                assert!(answer(|| vault.find_address(&theirs)).await.is_some());
            }
            got
        });
    }
    for step in 0..3 {
        answer(|| rotating.begin_refilling()).await;
        while !answer(|| rotating.go_over(at_second(step))).await {
            let mut after = None;
            loop {
                let page = answer(|| rotating.unfilled(after.as_ref())).await;
                let Some(last) = page.last().cloned() else { break };
                for row in &page {
                    let number = row.claim.user.0.as_u128() % 1000;
                    let theirs = address(u32::try_from(number).expect("a small number"));
                    answer(|| rotating.fill(row, &theirs)).await;
                }
                after = Some(last);
            }
        }
        answer(|| rotating.forget_old_hashes()).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut got: Vec<_> = claiming.join_all().await.into_iter().flatten().collect();
    got.sort_unstable();
    assert_eq!(got, (0..ADDRESSES).collect::<Vec<_>>(), "each address has one holder");
    assert_eq!(place.count("addresses").await, i64::from(ADDRESSES));
}

async fn the_directory_does_not_go_over_while_a_hash_is_missing(place: Place) {
    let vault = place.vault().await;
    claimed(&vault, 1..=2).await;
    vault.begin_refilling().await.expect("begun");
    assert!(!vault.go_over(at_second(9)).await.expect("answer"));
    let rows = vault.unfilled(None).await.expect("rows");
    vault.drop_unfilled(&rows[0]).await.expect("dropped");
    assert!(!vault.go_over(at_second(9)).await.expect("answer"));
    assert_eq!(vault.forget_old_hashes().await.expect("nothing yet"), 0);
    assert_eq!(fill(&vault).await, 1);
    assert!(vault.go_over(at_second(9)).await.expect("answer"));
    let left = [holder(&vault, 1).await, holder(&vault, 2).await];
    assert_eq!(left.iter().flatten().count(), 1);
}

async fn what_is_claimed_anew_meanwhile_is_not_dropped(place: Place) {
    let vault = place.vault().await;
    let claim = |second| vault.claim_address("ada@example.org", user(1), at_second(second));
    assert_eq!(claim(1).await.expect("answer"), ClaimOutcome::Claimed);
    vault.begin_refilling().await.expect("begun");
    let old = vault.unfilled(None).await.expect("rows");
    assert_eq!(claim(2).await.expect("answer"), ClaimOutcome::Claimed);
    vault.drop_unfilled(&old[0]).await.expect("nothing to drop");
    let young = vault.unfilled(None).await.expect("rows");
    assert_eq!(young[0].claim.claimed_at, at_second(2));
    vault.drop_unfilled(&young[0]).await.expect("dropped");
    assert_eq!(vault.find_address("ada@example.org").await.expect("answer"), None);
}

async fn what_is_given_up_or_taken_over_meanwhile_is_right(place: Place) {
    let vault = place.vault().await;
    claimed(&vault, 1..=3).await;
    vault.begin_refilling().await.expect("begun");
    let rows = vault.unfilled(None).await.expect("rows");
    assert!(vault.release_address(&address(1), user(1)).await.expect("answer"));
    let second = vault.find_address(&address(2)).await.expect("answer").expect("a claim");
    assert!(vault.take_over_address(&address(2), &second, user(20), at_second(5)).await.expect("answer"));
    for row in &rows {
        let theirs = address(u32::try_from(row.claim.user.0.as_u128()).expect("a small number"));
        vault.fill(row, &theirs).await.expect("answer");
        vault.drop_unfilled(row).await.expect("not as it was found");
    }
    assert_eq!(
        [holder(&vault, 1).await, holder(&vault, 2).await, holder(&vault, 3).await],
        [None, Some(20), Some(3)]
    );
    let left = vault.unfilled(None).await.expect("rows");
    let [left] = &left[..] else { panic!("what was taken over is filled in anew: {left:?}") };
    assert_eq!(vault.fill(left, &address(2)).await.expect("answer"), Filled::Done);
    assert!(vault.go_over(at_second(9)).await.expect("answer"));
    assert_eq!(
        [holder(&vault, 1).await, holder(&vault, 2).await, holder(&vault, 3).await],
        [None, Some(20), Some(3)]
    );
}

async fn a_replacement_that_was_broken_off_goes_on_at_any_step(place: Place) {
    claimed(&place.vault().await, 1..=3).await;
    place.vault().await.begin_refilling().await.expect("begun");
    let first = place.vault().await;
    first.begin_refilling().await.expect("nothing to do");
    let row = &first.unfilled(None).await.expect("rows")[0];
    let theirs = address(u32::try_from(row.claim.user.0.as_u128()).expect("a small number"));
    first.fill(row, &theirs).await.expect("filled");
    let second = place.vault().await;
    assert_eq!(fill(&second).await, 2);
    assert!(place.vault().await.go_over(at_second(9)).await.expect("answer"));
    assert!(place.vault().await.go_over(at_second(10)).await.expect("nothing to do"));
    let third = place.vault().await;
    third.begin_refilling().await.expect("not before the last one is over");
    assert_eq!(third.refilling().await.expect("answer"), Refilling::Forgetting);
    assert_eq!(third.forget_old_hashes().await.expect("forgotten"), 3);
    assert_eq!(third.index_key_uses().await.expect("keys").len(), 2);
    assert_eq!(holder(&second, 2).await, Some(2));
}

async fn a_second_replacement_begins_when_the_first_is_over(place: Place) {
    let vault = place.vault().await;
    claimed(&vault, 1..=2).await;
    for second in [10, 20] {
        vault.begin_refilling().await.expect("begun");
        fill(&vault).await;
        assert!(vault.go_over(at_second(second)).await.expect("answer"));
        assert_eq!(vault.forget_old_hashes().await.expect("forgotten"), 2);
    }
    assert_eq!((hashes(&place, "address_hash").await, hashes(&place, "even_hash").await), (2, 0));
    assert_eq!(holder(&vault, 2).await, Some(2));
    let state = [
        (3, IndexKeyState::Finds),
        (2, IndexKeyState::KnowsDevices(at_second(20))),
        (1, IndexKeyState::KnowsDevices(at_second(10))),
    ];
    let uses = state.map(|(generation, state)| IndexKeyUse { generation, state });
    assert_eq!(vault.index_key_uses().await.expect("keys"), uses);
    assert_eq!(vault.retire_index_keys(at_second(10)).await.expect("answer"), 1);
    assert_eq!(vault.retire_index_keys(at_second(99)).await.expect("answer"), 1);
    assert_eq!(vault.index_key_uses().await.expect("keys"), uses[..1], "the one that finds addresses stays");
}

async fn a_device_is_known_until_the_last_key_that_knows_it_is_dropped(place: Place) {
    let vault = place.vault().await;
    let macs = async |vault: &Vault| {
        vault.address_macs("known device", b"a device", &address(1)).await.expect("hashes")
    };
    let given = macs(&vault).await[0];
    let elsewhere = place.vault().await;
    assert_eq!(macs(&elsewhere).await, [given]);
    vault.begin_refilling().await.expect("begun");
    assert_eq!(macs(&vault).await[0], given, "new ones are made by the key that every process has");
    assert!(vault.go_over(at_second(9)).await.expect("answer"));
    let now = macs(&vault).await;
    assert_ne!(now[0], given);
    assert!(now.contains(&given));
    assert!(elsewhere.learn_index_keys().await.expect("answer"));
    assert!(!elsewhere.learn_index_keys().await.expect("answer"), "there is nothing new");
    assert_eq!(macs(&elsewhere).await, now);
    assert_eq!(vault.retire_index_keys(at_second(9)).await.expect("answer"), 1);
    assert!(!macs(&vault).await.contains(&given));
}

async fn a_vault_from_before_there_were_index_keys_keeps_its_hashes(place: Place) {
    let vault = place.vault().await;
    let lasting = vault.server_key(Purpose::Lasting);
    // As if it had been migrated just now: one key was for both.
    place.run("delete from index_keys").await.expect("done");
    let migrated = place.vault().await;
    assert_eq!(migrated.server_key(Purpose::Lasting), lasting);
    let by_lasting =
        migrated.keyed_hash("known device", &[b"a device", &migrated.address_hash("ada@x.io").0]);
    let macs = migrated.address_macs("known device", b"a device", "ada@x.io").await.expect("hashes");
    assert_eq!(macs, [by_lasting]);
    // Where both were made apart, nobody who has the one can hash an address as the directory does.
    let fresh =
        if place.url.starts_with("sqlite:") { Place::sqlite().await } else { Place::postgres().await };
    let fresh = fresh.vault().await;
    let by_lasting = fresh.keyed_hash("known device", &[b"a device", &fresh.address_hash("ada@x.io").0]);
    let macs = fresh.address_macs("known device", b"a device", "ada@x.io").await.expect("hashes");
    assert_ne!(macs, [by_lasting]);
}
