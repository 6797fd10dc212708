//! The keys that verify access tokens: published for everybody, and used here.

use crate::{app::StartError, failure::Failure};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use events::Timestamp;
use serde_json::json;
use service::{
    Clock, Code, Config, Problem,
    token::{Claims, TokenError, Verifier, VerifyingKey},
};
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use store::vault::{PublicKey, Vault, VaultError};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How often the keys are looked at without a reason.
const REFRESH: Duration = Duration::from_secs(10);
/// How often while no key is known at all, which is until the first command-api has made one.
const FIRST_KEY: Duration = Duration::from_secs(1);
/// A token under a key that is not known is a reason, at most this often: a flood of invented key ids asks once.
const COOLDOWN: Duration = Duration::from_secs(1);

/// The public keys as they were read last.
pub(crate) struct Keys {
    vault: Vault,
    verifier: Verifier,
    /// The key set as JSON, as it was read last.
    published: RwLock<Bytes>,
    /// Held while they are read, so that all who want them then wait for one reading.
    asked: Mutex<Asked>,
}

/// When a token's unknown key was the reason to look last, and whether the vault answered the last time it was asked.
#[derive(Debug)]
struct Asked {
    at: Timestamp,
    answered: bool,
}

impl Keys {
    /// Reads the keys.
    pub(crate) async fn load(vault: Vault, config: &Config) -> Result<Self, StartError> {
        let keys = vault.public_signing_keys().await?;
        let (issuer, audience) = (&*config.public_url, &*config.public_url);
        let verifier = Verifier::new(issuer, audience, verifying(&keys));
        let asked = Mutex::new(Asked { at: Timestamp::default(), answered: true });
        Ok(Self { vault, verifier, published: RwLock::new(jwks(&keys)), asked })
    }

    /// Who a token says that somebody is, if one of our keys signed it and it is not over. Whether one did that is not
    /// known here is not known while the vault does not answer.
    pub(crate) async fn verify(&self, token: &str, clock: &Clock) -> Result<Arc<Claims>, Failure> {
        match self.verifier.verify(token, clock.now()) {
            Err(TokenError::UnknownKey) => self.verify_with_news(token, clock).await,
            verdict => Ok(verdict.map_err(Problem::from)?),
        }
    }

    /// The same for a token under a key that was not known a moment ago.
    async fn verify_with_news(&self, token: &str, clock: &Clock) -> Result<Arc<Claims>, Failure> {
        let mut asked = self.asked.lock().await;
        let now = clock.now();
        match self.verifier.verify(token, now) {
            Err(TokenError::UnknownKey) if now.since(asked.at) >= COOLDOWN => {
                let read = self.refresh(&mut asked).await;
                asked.at = clock.now();
                read.map_err(|_| Problem::new(Code::Unavailable))?;
                Ok(self.verifier.verify(token, asked.at).map_err(Problem::from)?)
            }
            Err(TokenError::UnknownKey) if !asked.answered => Err(Problem::new(Code::Unavailable).into()),
            verdict => Ok(verdict.map_err(Problem::from)?),
        }
    }

    /// Whether any token could be verified.
    pub(crate) fn are_known(&self) -> bool {
        self.published() != jwks(&[])
    }

    /// The key set (RFC 7517) as JSON.
    pub(crate) fn published(&self) -> Bytes {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at the keys again and again until told to stop.
    pub(crate) async fn run(&self, shutdown: CancellationToken) {
        let pause = || if self.are_known() { REFRESH } else { FIRST_KEY };
        while shutdown.run_until_cancelled(tokio::time::sleep(pause())).await.is_some() {
            // A failure was logged, and the next look is soon.
            drop(self.refresh(&mut *self.asked.lock().await).await);
        }
    }

    async fn refresh(&self, asked: &mut Asked) -> Result<(), VaultError> {
        let read = self.vault.public_signing_keys().await;
        asked.answered = read.is_ok();
        match read {
            Ok(keys) => {
                self.replace(&keys);
                Ok(())
            }
            Err(error) => {
                warn!(%error, "the signing keys cannot be read; those known before stay in use");
                Err(error)
            }
        }
    }

    /// The verifier forgets every token that it has verified, so it is told of changes only.
    fn replace(&self, keys: &[PublicKey]) {
        let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
        let read = jwks(keys);
        if *published != read {
            self.verifier.replace_keys(verifying(keys));
            *published = read;
        }
    }
}

fn verifying(keys: &[PublicKey]) -> impl Iterator<Item = VerifyingKey> {
    keys.iter().map(|key| VerifyingKey { kid: key.kid.clone(), public: key.public })
}

/// Public parts only (RFC 8037 §2).
fn jwks(keys: &[PublicKey]) -> Bytes {
    let key = |key: &PublicKey| {
        let x = URL_SAFE_NO_PAD.encode(key.public);
        json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.kid, "x": x})
    };
    json!({"keys": keys.iter().map(key).collect::<Vec<_>>()}).to_string().into()
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}
