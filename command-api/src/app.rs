//! What every command needs: the log, the vault, the keys, the clock.

use crate::{
    erasure::UNDER_WAY,
    failure::Failure,
    hashing::{Cost, Hasher, HashingError, Limits},
    refresh_token::RefreshTokens,
    signing::{Signer, SigningError},
};
use service::{
    clock::{Clock, Entropy},
    config::Config,
    position::PositionTokens,
    token::{Verifier, VerifyingKey},
};
use std::{num::NonZeroUsize, ops::Deref, sync::Arc, thread::available_parallelism, time::Duration};
use store::{
    log::Log,
    vault::{Purpose, SigningKey, Vault, VaultError},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Passwords that may wait to be hashed: what all threads get done in the time that one may wait.
const PASSWORD_QUEUE: usize = 512;

/// How long a password may wait to be hashed.
const PASSWORD_PATIENCE: Duration = Duration::from_secs(5);

/// How often due erasures are looked for, and what has expired is swept out of the vault.
const CHORES_EVERY: Duration = Duration::from_secs(60);

/// The command side: decides what may happen, and appends it. Clones share everything.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What an [`App`] is made of.
pub struct Parts {
    pub(crate) log: Log,
    pub(crate) vault: Vault,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
    pub(crate) config: Config,
    pub(crate) hasher: Hasher,
    pub(crate) signer: Signer,
    pub(crate) verifier: Verifier,
    pub(crate) refresh_tokens: RefreshTokens,
    pub(crate) positions: PositionTokens,
    /// What is left to do after answers.
    pub(crate) afterwards: TaskTracker,
}

/// Why the command side cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The keys cannot be read.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A signing key is not one.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// The hashing threads cannot be started.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// Whether there are unfinished erasures cannot be found out.
    #[error("unfinished erasures cannot be looked at: {cause}")]
    Erasures {
        /// Why.
        cause: String,
        /// Whether it is that a store does not answer.
        away: bool,
    },
}

impl StartError {
    /// Whether a store does not answer, so that starting again later may go better.
    #[must_use]
    pub fn is_away(&self) -> bool {
        match self {
            StartError::Vault(error) => error.is_away(),
            StartError::Erasures { away, .. } => *away,
            StartError::Signing(_) | StartError::Hashing(_) => false,
        }
    }
}

impl App {
    /// Starts the command side on stores that are open already. Makes the signing key when there is none, and
    /// finishes the erasures that a crash cut short: nothing is served before that was tried. Somebody who cannot be
    /// erased now is tried again with the chores.
    pub async fn start(
        log: Log,
        vault: Vault,
        config: &Config,
        clock: Clock,
        entropy: Entropy,
    ) -> Result<Self, StartError> {
        vault.ensure_signing_key(clock.now()).await?;
        let keys = vault.signing_keys().await?;
        // One installation issues tokens, and for itself; query-api expects the same.
        let verifier = Verifier::new(&config.public_url, &config.public_url, keys.iter().map(verifying));
        let app = Self(Arc::new(Parts {
            hasher: start_hasher(config)?,
            signer: Signer::new(&keys)?,
            verifier,
            refresh_tokens: RefreshTokens::new(&vault.server_key(Purpose::Refresh)),
            positions: PositionTokens::new(*vault.server_key(Purpose::Token), log.id()),
            afterwards: TaskTracker::new(),
            config: config.clone(),
            log,
            vault,
            clock,
            entropy,
        }));
        // Whoever noted an erasure a moment ago was most likely this process before it was cut off.
        match app.erase_who_is_due(app.clock.now().after(UNDER_WAY)).await {
            Ok(()) => Ok(app),
            Err(failure) => {
                Err(StartError::Erasures { away: failure.is_outage(), cause: failure.to_string() })
            }
        }
    }

    /// Does what is due without anybody asking, until it is told to stop: erases accounts whose delay has run out, and
    /// sweeps what has expired out of the vault. One process is enough; several do no harm.
    pub async fn run_chores(&self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(CHORES_EVERY)).await.is_some() {
            if let Err(failure) = self.chores().await {
                tracing::error!(error = %failure, "chores were left undone");
            }
        }
    }

    async fn chores(&self) -> Result<(), Failure> {
        let now = self.clock.now();
        // Who could not be erased was logged, and is due again the next time.
        self.erase_who_is_due(now).await?;
        Ok(self.vault.sweep(now).await?)
    }

    /// Waits until what was left to do after answers is done. To be called when nothing is served any more, before the
    /// log is closed.
    pub async fn drain(&self) {
        self.afterwards.close();
        self.afterwards.wait().await;
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

fn start_hasher(config: &Config) -> Result<Hasher, HashingError> {
    let params = config.argon2;
    let cost = Cost { memory_kib: params.memory_kib, passes: params.iterations, lanes: params.parallelism };
    let threads = available_parallelism().unwrap_or(NonZeroUsize::MIN);
    Hasher::start(cost, Limits { threads, queue: PASSWORD_QUEUE, patience: PASSWORD_PATIENCE })
}

fn verifying(key: &SigningKey) -> VerifyingKey {
    VerifyingKey { kid: key.kid.clone(), public: key.public }
}
