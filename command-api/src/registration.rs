//! Coming to be: claim the address, append, confirm.
//!
//! The directory makes addresses unique; the log makes people. Whoever is cut off between the two leaves a claim that
//! nobody came to be by: it is free again after a minute.

use crate::{
    App,
    command::Asked,
    decide::Decided,
    domain::{Newcomer, Refusal, User, delete},
    failure::Failure,
    input::directory_key,
};
use events::{Fact, StreamName, UserId};
use std::time::Duration;
use store::vault::{Claim, ClaimOutcome};

/// How long a claim holds although nobody has come to be by it. Appending takes milliseconds, and a request is given
/// up after seconds.
pub(crate) const CLAIM_HOLDS: Duration = Duration::from_secs(60);

impl App {
    /// Brings somebody to be, unless the address belongs to somebody already.
    pub(crate) async fn bring_to_be(
        &self,
        asked: &Asked,
        id: UserId,
        newcomer: Newcomer,
        rule: impl Fn(&User, Newcomer) -> Result<Vec<Fact>, Refusal>,
    ) -> Result<Decided<User>, Failure> {
        let address = directory_key(newcomer.email.as_str());
        self.claim(&address, id).await?;
        self.vault.create_person(id, self.clock.now()).await?;
        let decided = self.decide::<User, Refusal>(asked, id, |user| rule(user, newcomer.clone())).await;
        match decided {
            Ok(decided) => self.confirm(asked, &address, id).await.map(|()| decided),
            // Nobody came to be: the address is free at once, not in a minute.
            Err(failure) if failure.is_refusal() && !self.exists(id).await? => {
                self.vault.release_address(&address, id).await?;
                Err(failure)
            }
            // Whether it was appended is not known, or another process did: the claim stays, and runs out by itself.
            Err(failure) => Err(failure),
        }
    }

    /// Whether an address can be claimed, asked before anything costly is done for it. The same command may be under way a
    /// second time, and has perhaps claimed it.
    pub(crate) async fn must_be_free(&self, email: &str, id: UserId) -> Result<(), Failure> {
        let address = directory_key(email);
        match self.vault.find_address(&address).await? {
            Some(claim) if claim.user != id && self.holds(&address, &claim).await? => {
                Err(Refusal::EmailTaken.into())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Claims an address, given as the directory knows it.
    pub(crate) async fn claim(&self, address: &str, id: UserId) -> Result<(), Failure> {
        let now = self.clock.now();
        let claim = match self.vault.claim_address(address, id, now).await? {
            ClaimOutcome::Claimed => return Ok(()),
            // An earlier try of this very command.
            ClaimOutcome::Held(claim) if claim.user == id => return Ok(()),
            ClaimOutcome::Held(claim) => claim,
        };
        match !self.holds(address, &claim).await?
            && self.vault.take_over_address(address, &claim, id, now).await?
        {
            true => Ok(()),
            false => Err(Refusal::EmailTaken.into()),
        }
    }

    /// Whether a claim keeps others out: for its first minute, and for as long as the log says that its person has the
    /// address. A claim that is confirmed may be of an address from before a change that was cut off.
    pub(crate) async fn holds(&self, address: &str, claim: &Claim) -> Result<bool, Failure> {
        if self.clock.now().since(claim.claimed_at) <= CLAIM_HOLDS {
            return Ok(true);
        }
        let email = self.address_of(claim.user).await?;
        Ok(email.is_some_and(|email| directory_key(&email) == address))
    }

    /// Whether somebody came to be, whatever became of them.
    pub(crate) async fn exists(&self, id: UserId) -> Result<bool, Failure> {
        Ok(self.log.read_last(&StreamName::user(id)).await?.is_some())
    }

    /// Keeps the address for good. When more than a minute went by between claim and append, somebody else may have
    /// taken it over: then who came to be by this command is deleted again.
    async fn confirm(&self, asked: &Asked, address: &str, id: UserId) -> Result<(), Failure> {
        self.vault.confirm_address(address, id).await?;
        if self.vault.find_address(address).await?.is_some_and(|claim| claim.user == id) {
            return Ok(());
        }
        self.close(&asked.then("address lost"), id, delete).await?;
        Err(Refusal::EmailTaken.into())
    }
}
