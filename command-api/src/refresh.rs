//! Exchanging a refresh token for its successor.

use crate::{
    App,
    command::Asked,
    decide::Decided,
    domain::{Happened, Refresh, Session, Spans, refresh},
    failure::Failure,
    tokens::Tokens,
};
use events::{EventId, Position, SessionId};
use service::problem::Code;
use store::vault::Scope;

impl App {
    /// The next tokens of a session, and where it says so. However many ask at once with one token, all get the same.
    pub(crate) async fn refresh(&self, asked: &Asked, token: &str) -> Result<(Tokens, Position), Failure> {
        let (id, generation) = self.refresh_tokens.read(token).ok_or_else(refused)?;
        let mut first = self.session(id, Some(&asked.ids)).await?;
        let owner = match &first.state {
            Session::Live(live) => live.user_id,
            Session::Ended { .. } | Session::Unknown => return Err(refused()),
        };
        let user = self.user(owner, Some(Scope::Profiles), None).await?;
        first.keys = user.keys;
        let user = user.state;
        // An exchange is judged by the clock of now, also when its first try was a while ago.
        let now = self.clock.now();
        let spans = Spans { grace: self.config.refresh_grace, idle: self.config.session_idle_ttl };
        let exchange = |session: &Session| match refresh(
            session,
            &user,
            generation,
            now,
            spans,
            asked.network.clone(),
        ) {
            Refresh::Rotate(fact) | Refresh::Replay(fact) => Ok(vec![fact]),
            Refresh::SameSuccessor { .. } => Ok(vec![]),
            Refresh::Invalid => Err(refused()),
        };
        let decided = self.decide_from::<Session, Failure>(first, asked, id, exchange).await?;
        let (Session::Live(session), Some(made_by)) = now_in_force(asked, id, &decided)? else {
            return Err(refused());
        };
        Ok((self.tokens(&session, made_by, &user)?, decided.position()))
    }
}

/// The session after the exchange, and the record that made it so.
pub(crate) fn now_in_force(
    asked: &Asked,
    id: SessionId,
    decided: &Decided<Session>,
) -> Result<(Session, Option<EventId>), Failure> {
    let Some(fact) = decided.facts.first() else { return Ok((decided.before.state, decided.before.id)) };
    let happened =
        Happened { position: decided.position(), version: decided.version(), at: asked.ids.at(), fact };
    Ok((Session::read(id, Some(happened))?, Some(asked.ids.event(0))))
}

fn refused() -> Failure {
    Failure::new(Code::InvalidRefreshToken)
}
