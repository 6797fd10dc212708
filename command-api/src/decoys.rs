//! Guesses at addresses that nobody has take their time as guesses at others do, also where people were imported.
//!
//! A foreign hash takes another time to check than ours. If every address that nobody has were checked at the cost of
//! ours, a guess that takes another time would tell that somebody is there. So half of those addresses are checked
//! against a foreign kind of hash, the same kind each time: which half, and which kind, a keyed hash of the address says.
//! What the time of a failure tells is then one bit at most, and never certain.

use crate::{App, domain::PasswordHash, failure::Failure, guess::Guess};
use std::{sync::PoisonError, time::Duration};

/// How long after the last import a kind is still pretended. By then who signs in at all has done so, and has a hash of
/// ours; and each pretended check costs as much as a real one.
pub(crate) const PRETENDED: Duration = Duration::from_secs(90 * 24 * 60 * 60);

impl App {
    /// What a guess at an address without a password is checked against; `None` for a hash like our own.
    pub(crate) fn decoy(&self, guess: &Guess) -> Option<PasswordHash> {
        let hash = self.vault.keyed_hash("decoy", &[&guess.address().0]);
        let decoys = self.decoys.read().unwrap_or_else(PoisonError::into_inner);
        decoys.get(kind(hash, decoys.len())?).cloned()
    }

    /// Learns which kinds there are, as other processes may have imported some.
    pub(crate) async fn learn_decoys(&self) -> Result<(), Failure> {
        let kinds = self.vault.foreign_hashes(self.clock.now().before(PRETENDED)).await?;
        self.pretend(kinds);
        Ok(())
    }

    /// From now on these kinds are.
    pub(crate) fn pretend(&self, templates: Vec<String>) {
        let kinds = templates.into_iter().map(PasswordHash::from_phc).collect();
        *self.decoys.write().unwrap_or_else(PoisonError::into_inner) = kinds;
    }

    /// Notes a kind before the first hash of it is kept.
    pub(crate) async fn note_decoy(&self, template: &str) -> Result<(), Failure> {
        let known = |decoys: &Vec<PasswordHash>| decoys.iter().any(|decoy| decoy.as_str() == template);
        if known(&self.decoys.read().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(());
        }
        self.vault.note_foreign_hash(template, self.clock.now()).await?;
        self.learn_decoys().await
    }
}

/// Which of so many kinds an address is checked against; half of all against none.
fn kind(hash: [u8; 32], kinds: usize) -> Option<usize> {
    let [first, second, third, ..] = hash;
    let number = usize::from(first) << 8 | usize::from(second);
    (kinds > 0 && third.is_multiple_of(2)).then(|| number % kinds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_all_addresses_are_checked_against_some_kind_and_each_kind_has_its_share() {
        let mut hash = [0; 32];
        let mut of = [0; 4];
        for (first, third) in (0..=255).flat_map(|first| (0..=255).map(move |third| (first, third))) {
            (hash[1], hash[2]) = (first, third);
            of[kind(hash, 3).unwrap_or(3)] += 1;
        }
        assert_eq!(of[3], 1 << 15);
        assert!(of[..3].iter().all(|share| (10_800..11_100).contains(share)), "{of:?}");
        assert_eq!(kind(hash, 0), None);
    }
}
