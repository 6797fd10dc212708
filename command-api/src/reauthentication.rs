//! A session whose person proved once more who they are: the same session, with tokens that say so.

use crate::{
    App,
    command::Asked,
    domain::{Refusal, Session, reauthenticate},
    failure::Failure,
    refresh::now_in_force,
    tokens::Tokens,
};
use events::{Position, SecondFactor};
use service::{caller::Caller, problem::Code};
use store::vault::Scope;

impl App {
    /// Notes the proof, and answers with the tokens that say so. MUST be asked for only after it was checked.
    ///
    /// The refresh token is of a new generation, and the one before gets no successor any more: nobody comes to what
    /// was proved by what they held before.
    pub(crate) async fn reauthenticated(
        &self,
        asked: &Asked,
        by: &Caller,
        second_factor: Option<SecondFactor>,
    ) -> Result<(Tokens, Position), Failure> {
        let user = self.user(by.user_id, Some(Scope::Profiles), None).await?.state;
        let at = asked.ids.at();
        let idle = self.config.session_idle_ttl;
        let rule = |session: &Session| {
            reauthenticate(session, &user, second_factor, at, idle, asked.network.clone())
        };
        let decided = self.decide::<Session, Refusal>(asked, by.session_id, rule).await?;
        let (Session::Live(session), Some(made_by)) = now_in_force(asked, by.session_id, &decided)? else {
            return Err(Failure::new(Code::InvalidToken));
        };
        Ok((self.tokens(&session, made_by, &user)?, decided.position()))
    }
}
