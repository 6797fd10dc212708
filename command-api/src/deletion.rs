//! Closing an account: at once for its person, for good when its delay has run out.

use crate::{
    App,
    command::Asked,
    decide::Decided,
    domain::{Refusal, User},
    failure::Failure,
};
use events::{Fact, UserId};
use store::vault::ErasureDue;

impl App {
    /// Closes an account by a rule. That its person is to be erased, and when, is noted before the log hears of it: who
    /// is told that the account is closed is told by an Evident that cannot forget the rest.
    pub(crate) async fn close(
        &self,
        asked: &Asked,
        id: UserId,
        rule: impl Fn(&User) -> Result<Vec<Fact>, Refusal>,
    ) -> Result<Decided<User>, Failure> {
        let due = ErasureDue {
            intent: self.entropy.uuid_v7(self.clock.now()),
            user: id,
            if_deleted: true,
            due_at: asked.ids.at().after(self.config.erasure_delay),
        };
        self.vault.note_erasure(&due).await?;
        let decided = self.decide(asked, id, rule).await;
        let nothing_happened = match &decided {
            Ok(decided) => decided.facts.is_empty(),
            Err(failure) => failure.is_refusal(),
        };
        if nothing_happened {
            self.vault.take_back_erasure(due.intent).await?;
        }
        decided
    }
}
