//! Destroying a person's keys, and what must outlive none of them.
//!
//! The vault keeps a list of erasures that are due at a time, each noted before the log hears of the command behind it,
//! so that one that is cut off after the log heard of it is finished later. The list says when to look at somebody;
//! whether they are erased then is read from the log, and what the log never heard of comes to nothing: nobody was told
//! that it happened.

use crate::{
    App,
    command::Asked,
    decide::{Aggregate, Decided},
    domain::{Refusal, User, erase},
    failure::Failure,
    history::Read,
    input::directory_key,
};
use events::{Actor, Timestamp, UserId};
use metrics::gauge;
use std::time::Duration;
use store::vault::ErasureDue;

/// Until then whoever noted an erasure is believed to be at it.
pub(crate) const UNDER_WAY: Duration = Duration::from_secs(60);

/// A command of which the log knows nothing so long after it was due was cut off, and will not be heard of.
const CUT_OFF: Duration = Duration::from_secs(24 * 60 * 60);

/// How many of those that are due are held in memory at once.
const PAGE: u32 = 1_000;

impl App {
    /// Erases a person now. Nothing is noted of a command that is refused at the first look.
    pub(crate) async fn erase(&self, asked: &Asked, id: UserId) -> Result<Decided<User>, Failure> {
        let first = User::read(self, &id, &asked.ids).await?;
        if !first.done {
            asked.must_match(first.version)?;
            erase(&first.state)?;
        }
        let now = self.clock.now();
        let due = ErasureDue {
            intent: self.entropy.uuid_v7(now),
            user: id,
            if_deleted: false,
            due_at: now.after(UNDER_WAY),
        };
        self.vault.note_erasure(&due).await?;
        let erased = self.erase_noted(first, asked, id).await;
        if let Err(failure) = &erased
            && failure.is_refusal()
        {
            self.vault.take_back_erasure(due.intent).await?;
        }
        erased
    }

    /// Erases somebody of whom it is noted that they are to be.
    async fn erase_noted(
        &self,
        first: Read<User>,
        asked: &Asked,
        id: UserId,
    ) -> Result<Decided<User>, Failure> {
        // Read before the keys go.
        let address = self.address_of(id).await?;
        let decided = self.decide_from::<User, Refusal>(first, asked, id, erase).await?;
        if let Some(address) = address {
            let address = directory_key(&address);
            self.vault.forget_attempts(self.vault.address_hash(&address)).await?;
            self.vault.release_address(&address, id).await?;
        }
        self.vault.finish_erasure(id, self.clock.now()).await?;
        Ok(decided)
    }

    /// Erases whoever is due by then: those whose erasure was cut off, and those whose account was closed long enough
    /// ago. Somebody who cannot be erased keeps nobody else waiting: each is logged, counted, and due again.
    pub(crate) async fn erase_who_is_due(&self, by: Timestamp) -> Result<(), Failure> {
        let (mut left, mut after) = (0_u32, None);
        loop {
            let page = self.vault.due_erasures(by, after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else {
                gauge!("evident_erasures_left").set(left);
                return Ok(());
            };
            for due in &page {
                match self.settle(due).await {
                    Ok(()) => {}
                    Err(failure) if failure.is_outage() => return Err(failure),
                    Err(failure) => {
                        left += 1;
                        tracing::error!(user.id = %due.user, error = %failure, "somebody who is due cannot be erased");
                    }
                }
            }
            after = Some(*last);
        }
    }

    /// Does what the log says about somebody of whom an erasure was noted.
    async fn settle(&self, due: &ErasureDue) -> Result<(), Failure> {
        let now = self.clock.now();
        let found = self.user(due.user, None, None).await?;
        match (found.state, due.if_deleted) {
            // Whoever was deleted under a legal hold stays due, and is erased once it is lifted.
            (User::Deleted(person), true) if person.held => return Ok(()),
            (User::Deleted(person), true) => {
                let due_at = person.updated_at.after(self.config.erasure_delay);
                if due_at > now {
                    // The delay is longer than it was.
                    return Ok(self.vault.note_erasure(&ErasureDue { due_at, ..*due }).await?);
                }
            }
            // The log heard of no command that erases them, or closes their account; perhaps not yet.
            (User::Active(_) | User::Suspended(_) | User::Unknown, _) | (User::Deleted(_), false) => {
                if now >= due.due_at.after(CUT_OFF) {
                    self.vault.take_back_erasure(due.intent).await?;
                }
                return Ok(());
            }
            (User::Erased, _) => {}
        }
        let mut asked = Asked::by_machine(self, Actor::System);
        // Who had it done, and why, stands in the event that led to this: the account was closed.
        asked.context.causation_id = found.id;
        let first = User::read(self, &due.user, &asked.ids).await?;
        self.erase_noted(first, &asked, due.user).await.map(drop)
    }
}
