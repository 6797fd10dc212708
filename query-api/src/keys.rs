//! The keys that verify access tokens: published for everybody, and used here.

use crate::app::StartError;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use events::Timestamp;
use serde_json::json;
use service::{
    Config,
    token::{Claims, TokenError, Verifier, VerifyingKey},
};
use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use store::vault::{PublicKey, Vault};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How often the keys are looked at without a reason.
const REFRESH: Duration = Duration::from_secs(10);
/// A token under a key that is not known is a reason, at most this often: a flood of invented key ids asks once.
const COOLDOWN: Duration = Duration::from_secs(1);

/// The public keys as they were read last.
pub(crate) struct Keys {
    vault: Vault,
    verifier: Verifier,
    /// The key set as JSON, as it was read last.
    published: RwLock<Bytes>,
    asked_at: AtomicI64,
}

impl Keys {
    /// Reads the keys.
    pub(crate) async fn load(vault: Vault, config: &Config) -> Result<Self, StartError> {
        let keys = vault.public_signing_keys().await?;
        let (issuer, audience) = (&*config.public_url, &*config.public_url);
        let verifier = Verifier::new(issuer, audience, verifying(&keys));
        Ok(Self { vault, verifier, published: RwLock::new(jwks(&keys)), asked_at: AtomicI64::new(0) })
    }

    /// Who a token says that somebody is, if one of our keys signed it and it is not over.
    pub(crate) async fn verify(&self, token: &str, now: Timestamp) -> Result<Arc<Claims>, TokenError> {
        match self.verifier.verify(token, now) {
            Err(TokenError::UnknownKey) if self.may_ask(now) => {
                self.refresh().await;
                self.verifier.verify(token, now)
            }
            verdict => verdict,
        }
    }

    /// The key set (RFC 7517) as JSON.
    pub(crate) fn published(&self) -> Bytes {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at the keys again and again until told to stop.
    pub(crate) async fn run(&self, shutdown: CancellationToken) {
        while shutdown.run_until_cancelled(tokio::time::sleep(REFRESH)).await.is_some() {
            self.refresh().await;
        }
    }

    async fn refresh(&self) {
        match self.vault.public_signing_keys().await {
            Ok(keys) => self.replace(&keys),
            Err(error) => warn!(%error, "the signing keys cannot be read; those known before stay in use"),
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

    fn may_ask(&self, now: Timestamp) -> bool {
        let asked_at = self.asked_at.load(Ordering::Relaxed);
        now.since(Timestamp::from_micros(asked_at)) >= COOLDOWN
            && self
                .asked_at
                .compare_exchange(asked_at, now.micros(), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
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
