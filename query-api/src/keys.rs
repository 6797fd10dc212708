//! The keys that verify access tokens: published for everybody, and used here.

use crate::{app::StartError, failure::Failure};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::HeaderValue;
use serde_json::json;
use service::{
    Clock, Config,
    token::{Claims, TrustedKeys, VerifyingKey},
};
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use store::vault::{PublicKey, Vault, VaultError};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How often the keys are looked at while none is known at all, which is until the first command-api has made one.
const FIRST_KEY: Duration = Duration::from_secs(1);

/// The public keys as they were read last.
pub(crate) struct Keys {
    vault: Vault,
    trusted: TrustedKeys,
    /// The key set as JSON, as it was read last.
    published: RwLock<Bytes>,
    cache_control: HeaderValue,
}

impl Keys {
    /// Reads the keys.
    pub(crate) async fn load(vault: Vault, config: &Config) -> Result<Self, StartError> {
        let keys = vault.public_signing_keys().await?;
        let seconds = config.jwks_max_age.as_secs();
        Ok(Self {
            vault,
            trusted: TrustedKeys::new(&config.public_url, verifying(&keys)),
            published: RwLock::new(jwks(&keys)),
            cache_control: HeaderValue::try_from(format!("public, max-age={seconds}"))
                .unwrap_or(HeaderValue::from_static("no-cache")),
        })
    }

    /// Who a token says that somebody is, if one of our keys signed it and it is not over. Whether one did that is not
    /// known here is not known while the vault does not answer.
    pub(crate) async fn verify(&self, token: &str, clock: &Clock) -> Result<Arc<Claims>, Failure> {
        Ok(self.trusted.verify(token, clock, self.news()).await?)
    }

    /// Whether any token could be verified.
    pub(crate) fn are_known(&self) -> bool {
        self.published() != jwks(&[])
    }

    /// The key set (RFC 7517) as JSON.
    pub(crate) fn published(&self) -> Bytes {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How long others may keep it.
    pub(crate) fn cache_control(&self) -> HeaderValue {
        self.cache_control.clone()
    }

    /// Looks at the keys again and again until told to stop.
    pub(crate) async fn run(&self, shutdown: CancellationToken) {
        let pause = || if self.are_known() { TrustedKeys::LOOK_EVERY } else { FIRST_KEY };
        while shutdown.run_until_cancelled(tokio::time::sleep(pause())).await.is_some() {
            self.trusted.refresh(self.news()).await;
        }
    }

    /// Reads them, and publishes them.
    async fn news(&self) -> Option<Vec<VerifyingKey>> {
        let read: Result<Vec<PublicKey>, VaultError> = self.vault.public_signing_keys().await;
        match read {
            Ok(keys) => {
                *self.published.write().unwrap_or_else(PoisonError::into_inner) = jwks(&keys);
                Some(verifying(&keys))
            }
            Err(error) => {
                warn!(%error, "the signing keys cannot be read; those known before stay in use");
                None
            }
        }
    }
}

fn verifying(keys: &[PublicKey]) -> Vec<VerifyingKey> {
    keys.iter().map(|key| VerifyingKey { kid: key.kid.clone(), public: key.public }).collect()
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
