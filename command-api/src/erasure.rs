//! Destroying a person's keys, and what must outlive none of them.
//!
//! The vault keeps a list of erasures that were begun, so that one that is cut off is finished at the next start: the
//! record first, then the keys. An account that was deleted is on the list from then on, and is erased when its delay
//! has run out.

use crate::{
    App,
    command::Asked,
    decide::Decided,
    domain::{Refusal, User, erase},
    failure::Failure,
    input::directory_key,
};
use events::{Actor, UserId};
use store::vault::Scope;

impl App {
    /// Erases a person now.
    pub(crate) async fn erase(&self, asked: &Asked, id: UserId) -> Result<Decided<User>, Failure> {
        // Known only while the profile's key lives.
        let before = self.user(id, Some(Scope::Profiles), None).await?;
        let profile = before.state.person().and_then(|person| person.profile.as_ref());
        let address = profile.map(|profile| self.vault.address_hash(&directory_key(&profile.email)));
        let was_on_the_list = self.vault.unfinished_erasures().await?.contains(&id);
        self.vault.begin_erasure(id, self.clock.now()).await?;
        let decided = match self.decide::<User, Refusal>(asked, id, erase).await {
            Ok(decided) => decided,
            Err(failure) => {
                if failure.is_refusal() && !was_on_the_list {
                    self.vault.abandon_erasure(id).await?;
                }
                return Err(failure);
            }
        };
        if let Some(address) = address {
            self.vault.forget_attempts(address).await?;
            self.vault.release_address(address, id).await?;
        }
        self.vault.finish_erasure(id, self.clock.now()).await?;
        Ok(decided)
    }

    /// Erases whoever is due: those whose erasure was cut off, and those who were deleted long enough ago.
    pub(crate) async fn erase_who_is_due(&self) -> Result<(), Failure> {
        for id in self.vault.unfinished_erasures().await? {
            let user = self.user(id, None, None).await?.state;
            let due = match &user {
                User::Deleted(person) => {
                    self.clock.now() >= person.updated_at.after(self.config.erasure_delay)
                }
                User::Active(_) | User::Suspended(_) | User::Erased => true,
                User::Unknown => false,
            };
            if due {
                self.erase(&Asked::by_machine(self, Actor::System), id).await?;
            }
        }
        Ok(())
    }
}
