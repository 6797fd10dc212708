//! The keys that sign access tokens, as they are now: they change while this process runs, and nobody restarts it.

use crate::{
    failure::Failure,
    signing::{Signer, SigningError},
};
use service::{
    clock::Clock,
    token::{Claims, TrustedKeys, VerifyingKey},
};
use std::sync::{Arc, PoisonError, RwLock};
use store::vault::{SigningKey, Vault};
use tokio_util::sync::CancellationToken;

/// Signs with the newest key that has begun to, and verifies under all of them.
pub(crate) struct TokenKeys {
    vault: Vault,
    clock: Clock,
    trusted: TrustedKeys,
    signer: RwLock<Arc<Signer>>,
}

impl TokenKeys {
    /// `keys` are all that the vault holds.
    pub(crate) fn new(
        vault: Vault,
        clock: Clock,
        issuer: &str,
        keys: &[SigningKey],
    ) -> Result<Self, SigningError> {
        Ok(Self {
            vault,
            clock,
            trusted: TrustedKeys::new(issuer, verifying(keys)),
            signer: RwLock::new(Arc::new(Signer::new(keys)?)),
        })
    }

    /// The token.
    pub(crate) fn sign(&self, claims: &Claims) -> Result<String, SigningError> {
        let signer = Arc::clone(&self.signer.read().unwrap_or_else(PoisonError::into_inner));
        signer.sign(claims, self.clock.now())
    }

    /// What a token says, if it holds. A key that is new is looked for, as `query-api` does.
    pub(crate) async fn verify(&self, token: &str) -> Result<Arc<Claims>, Failure> {
        Ok(self.trusted.verify(token, &self.clock, self.news()).await?)
    }

    /// Looks at the keys again and again until told to stop.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(TrustedKeys::LOOK_EVERY)).await.is_some() {
            self.trusted.refresh(self.news()).await;
        }
    }

    async fn news(&self) -> Option<Vec<VerifyingKey>> {
        let keys = match self.vault.signing_keys().await {
            Ok(keys) => keys,
            Err(error) => {
                tracing::warn!(%error, "the signing keys cannot be read; those known before stay in use");
                return None;
            }
        };
        match Signer::new(&keys) {
            Ok(signer) => *self.signer.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(signer),
            // The vault is never without one; whoever made it so is not followed.
            Err(error) => {
                tracing::error!(%error, "the signing keys are not taken; those known before stay in use");
                return None;
            }
        }
        Some(verifying(&keys))
    }
}

fn verifying(keys: &[SigningKey]) -> Vec<VerifyingKey> {
    keys.iter().map(|key| VerifyingKey { kid: key.kid.clone(), public: key.public }).collect()
}
