//! Verifying under keys that come and go: every process looks again and again, and at once when a token's key is new.

use super::{Claims, TokenError, Verifier, VerifyingKey};
use crate::{
    clock::Clock,
    problem::{Code, Problem},
};
use events::Timestamp;
use std::{fmt, future::Future, sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// A token under a key that is not known is a reason to look, at most this often: a flood of invented key ids asks once.
const COOLDOWN: Duration = Duration::from_secs(1);

/// The keys that tokens are verified with, as they were read last.
pub struct TrustedKeys {
    verifier: Verifier,
    /// Held while they are read, so that all who want them then wait for one reading.
    asked: Mutex<Asked>,
}

/// What was read last, when a token's unknown key was the reason to look last, and whether there was an answer the last time.
struct Asked {
    known: Vec<VerifyingKey>,
    at: Timestamp,
    answered: bool,
}

impl TrustedKeys {
    /// How often whoever keeps these looks without a reason. A key that was taken away is refused everywhere within this
    /// and the time of one look.
    pub const LOOK_EVERY: Duration = Duration::from_secs(2);

    /// Trusts these keys for tokens of one issuer, for its own installation.
    #[must_use]
    pub fn new(issuer: &str, keys: Vec<VerifyingKey>) -> Self {
        // One installation issues tokens, and for itself.
        let verifier = Verifier::new(issuer, issuer, keys.clone());
        Self { verifier, asked: Mutex::new(Asked { known: keys, at: Timestamp::default(), answered: true }) }
    }

    /// What a token says, if one of our keys signed it and it is not over. `news` reads the keys once more, and is asked
    /// only when a token's key is not known; it gives none when it had no answer.
    ///
    /// # Errors
    /// `invalid-token`; `unavailable` when whether one of our keys signed it cannot be known now.
    pub async fn verify(
        &self,
        token: &str,
        clock: &Clock,
        news: impl Future<Output = Option<Vec<VerifyingKey>>>,
    ) -> Result<Arc<Claims>, Problem> {
        match self.verifier.verify(token, clock.now()) {
            Err(TokenError::UnknownKey) => self.verify_with(news, token, clock).await,
            verdict => Ok(verdict?),
        }
    }

    async fn verify_with(
        &self,
        news: impl Future<Output = Option<Vec<VerifyingKey>>>,
        token: &str,
        clock: &Clock,
    ) -> Result<Arc<Claims>, Problem> {
        let mut asked = self.asked.lock().await;
        let now = clock.now();
        match self.verifier.verify(token, now) {
            Err(TokenError::UnknownKey) if now.since(asked.at) >= COOLDOWN => {
                let read = news.await;
                asked.at = clock.now();
                match self.take(&mut asked, read) {
                    true => Ok(self.verifier.verify(token, asked.at)?),
                    false => Err(Problem::new(Code::Unavailable)),
                }
            }
            Err(TokenError::UnknownKey) if !asked.answered => Err(Problem::new(Code::Unavailable)),
            verdict => Ok(verdict?),
        }
    }

    /// Looks without a reason. Without an answer, what was known stays in use.
    pub async fn refresh(&self, news: impl Future<Output = Option<Vec<VerifyingKey>>>) {
        let mut asked = self.asked.lock().await;
        let read = news.await;
        self.take(&mut asked, read);
    }

    /// Whether there was an answer. The verifier forgets every token that it has verified, so it is told of changes only.
    fn take(&self, asked: &mut Asked, read: Option<Vec<VerifyingKey>>) -> bool {
        asked.answered = read.is_some();
        if let Some(keys) = read
            && keys != asked.known
        {
            self.verifier.replace_keys(keys.clone());
            asked.known = keys;
        }
        asked.answered
    }
}

impl fmt::Debug for TrustedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrustedKeys(…)")
    }
}
