//! That nobody has more sessions at once than the policy allows: one more ends the oldest.
//!
//! The vault lists which sessions a person may have; the log says which of them live. A session is listed before the log
//! hears of it, so that none lives unlisted whichever process is cut off in between, and taken off the list when it is found to
//! be over. That is looked for only when the list is longer than the policy allows: who signs in and out again pays for
//! it once in so many sign-ins, and who really has that many sessions has them read each time.

use crate::{
    App,
    command::Asked,
    domain::{Session, User, end_session},
    failure::Failure,
};
use events::{EndCause, SessionId, UserId};
use std::time::Duration;
use store::vault::ListedSession;

/// So long a session that the log does not know is believed to be about to start. Appending takes milliseconds.
const ABOUT_TO_START: Duration = Duration::from_secs(60);

impl App {
    /// Lists a session that is about to start.
    pub(crate) async fn list_session(
        &self,
        asked: &Asked,
        user_id: UserId,
        id: SessionId,
    ) -> Result<(), Failure> {
        let listed = ListedSession { id, listed_at: asked.ids.at() };
        let expires_at = asked.ids.at().after(self.config.session_ttl);
        Ok(self.vault.list_session(user_id, &listed, expires_at).await?)
    }

    /// Ends the oldest of a person's sessions when they have more than are allowed, now that one has started.
    ///
    /// Of many that start at once each looks after it was listed, so who looks later sees no fewer; all of them have one
    /// order; so whatever one ends, whoever sees more would end, too. Exactly as many are left as are allowed.
    pub(crate) async fn end_what_is_too_many(
        &self,
        asked: &Asked,
        user_id: UserId,
        user: &User,
    ) -> Result<(), Failure> {
        let listed = self.vault.listed_sessions(user_id).await?;
        if listed.len() <= self.config.session_cap {
            return Ok(());
        }
        let (mut live, mut over) = (Vec::new(), Vec::new());
        for session in &listed {
            match self.may_live(session, user).await? {
                true => live.push(session.id),
                false => over.push(session.id),
            }
        }
        let too_many = live.len().saturating_sub(self.config.session_cap);
        let mut asked = asked.clone();
        for id in live.drain(..too_many) {
            // Ids of their own for each: they stand on different streams.
            asked = asked.then("too many sessions");
            let end = |session: &Session| end_session(session, user_id, EndCause::TooManySessions);
            match self.decide(&asked, id, end).await {
                Ok(_) => over.push(id),
                // It was listed and has not started yet: whoever starts it looks at the list, too.
                Err(failure) if failure.is_refusal() => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(self.vault.strike_sessions(user_id, &over).await?)
    }

    async fn may_live(&self, listed: &ListedSession, user: &User) -> Result<bool, Failure> {
        let now = self.clock.now();
        let session = self.session(listed.id, None).await?.state;
        Ok(match session {
            Session::Unknown => now.since(listed.listed_at) <= ABOUT_TO_START,
            Session::Live(_) | Session::Ended { .. } => {
                session.standing(user, now, self.config.session_idle_ttl).is_some()
            }
        })
    }
}
