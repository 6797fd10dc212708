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

impl App {
    /// Erases a person now.
    pub(crate) async fn erase(&self, asked: &Asked, id: UserId) -> Result<Decided<User>, Failure> {
        // Read before the keys go.
        let address = self.address_of(id).await?;
        let was_on_the_list = matches!(self.user(id, None, None).await?.state, User::Deleted(_));
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
            let address = self.vault.address_hash(&directory_key(&address));
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
            if !due {
                continue;
            }
            match self.erase(&Asked::by_machine(self, Actor::System), id).await {
                // Who is refused now, as the last admin, was never told that they are erased.
                Err(failure) if !failure.is_refusal() => return Err(failure),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(())
    }
}
