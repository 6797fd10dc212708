//! Closing an account: at once for its person, for good when its delay has run out.

use crate::{
    App,
    command::Asked,
    decide::Decided,
    domain::{Refusal, User},
    failure::Failure,
};
use events::{Fact, UserId};

impl App {
    /// Closes an account by a rule, and puts it on the list of those to be erased.
    pub(crate) async fn close(
        &self,
        asked: &Asked,
        id: UserId,
        rule: impl Fn(&User) -> Result<Vec<Fact>, Refusal>,
    ) -> Result<Decided<User>, Failure> {
        let decided = self.decide(asked, id, rule).await?;
        self.vault.begin_erasure(id, self.clock.now()).await?;
        Ok(decided)
    }
}
