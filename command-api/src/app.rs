//! What every command needs: the log, the vault, the keys, the clock.

use crate::{
    decoys::PRETENDED,
    domain::PasswordHash,
    erasure::UNDER_WAY,
    failure::Failure,
    hashing::{Cost, Hasher, HashingError, Limits},
    input::{Breached, BreachedError, PasswordPolicy},
    refresh_token::RefreshTokens,
    signing::SigningError,
    token_keys::TokenKeys,
};
use events::Timestamp;
use service::{
    api_key::UsedToday,
    browser::{Browsers, DEVICE_KNOWN},
    clock::{Clock, Entropy},
    config::Config,
    mail_token::MailTokens,
    position::PositionTokens,
};
use std::{
    ops::Deref,
    sync::{Arc, RwLock},
    time::Duration,
};
use store::{
    log::Log,
    vault::{Purpose, Vault, VaultError},
};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What strangers may have done after their answers, all at once.
const ERRANDS: usize = 256;

/// How often due erasures are looked for, and what has expired is swept out of the vault.
const CHORES_EVERY: Duration = Duration::from_secs(60);

/// How long after another key has taken over a token of the one before may live: an hour at most (`EVIDENT_ACCESS_TTL`,
/// which may have been longer a moment ago), and whatever clocks differ by and processes need to notice.
const TOKENS_LIVE: Duration = Duration::from_secs(90 * 60);

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
    pub(crate) policy: Arc<PasswordPolicy>,
    /// The turn of whoever has a picture made.
    pub(crate) making_pictures: Semaphore,
    /// Kinds of foreign hashes that some people have.
    pub(crate) decoys: RwLock<Vec<PasswordHash>>,
    pub(crate) token_keys: TokenKeys,
    pub(crate) refresh_tokens: RefreshTokens,
    pub(crate) mail_tokens: MailTokens,
    pub(crate) browsers: Browsers,
    pub(crate) positions: PositionTokens,
    /// Which API keys are known to stand in the log as used today.
    pub(crate) used_today: UsedToday,
    /// What is left to do after answers.
    pub(crate) afterwards: TaskTracker,
    /// How much of that strangers may still have done.
    pub(crate) errands: Arc<Semaphore>,
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
    /// The list of breached passwords cannot be used.
    #[error(transparent)]
    Breached(#[from] BreachedError),
    /// Erasures that were begun, or network facts whose time has run out, cannot be ended.
    #[error("what is to be forgotten cannot be: {cause}")]
    Forgetting {
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
            StartError::Forgetting { away, .. } => *away,
            StartError::Signing(_) | StartError::Hashing(_) | StartError::Breached(_) => false,
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
        Self::start_with(log, vault, config, clock, entropy, Limits::default()).await
    }

    /// The same, with other limits to hashing. For tests: what they ask is not to hang on how busy the machine is.
    pub async fn start_with(
        log: Log,
        vault: Vault,
        config: &Config,
        clock: Clock,
        entropy: Entropy,
        limits: Limits,
    ) -> Result<Self, StartError> {
        vault.ensure_signing_key(clock.now()).await?;
        let keys = vault.signing_keys().await?;
        let breached = config.password_blocklist_file.as_deref().map(Breached::open).transpose()?;
        let app = Self(Arc::new(Parts {
            hasher: start_hasher(config, limits)?,
            policy: Arc::new(PasswordPolicy::new(&config.public_url, breached)),
            making_pictures: Semaphore::new(1),
            decoys: RwLock::default(),
            token_keys: TokenKeys::new(vault.clone(), clock.clone(), &config.public_url, &keys)?,
            refresh_tokens: RefreshTokens::new(&vault.server_key(Purpose::Refresh)),
            mail_tokens: MailTokens::new(&vault.server_key(Purpose::Mail)),
            browsers: Browsers::new(config),
            positions: PositionTokens::new(*vault.server_key(Purpose::Token), log.id()),
            used_today: UsedToday::default(),
            afterwards: TaskTracker::new(),
            errands: Arc::new(Semaphore::new(ERRANDS)),
            config: config.clone(),
            log,
            vault,
            clock,
            entropy,
        }));
        let kinds = app.vault.foreign_hashes(app.clock.now().before(PRETENDED)).await?;
        app.pretend(kinds);
        // Whoever noted an erasure a moment ago was most likely this process before it was cut off.
        let finished = async {
            app.erase_who_is_due(app.clock.now().after(UNDER_WAY)).await?;
            app.end_network_facts(app.clock.now()).await
        };
        match finished.await {
            Ok(()) => {
                app.warn_of_unknown_roles().await;
                Ok(app)
            }
            Err(failure) => {
                Err(StartError::Forgetting { away: failure.is_outage(), cause: failure.to_string() })
            }
        }
    }

    /// Does what is due without anybody asking, until it is told to stop: erases accounts whose delay and ends network facts
    /// whose time has run out,
    /// sweeps what has expired out of the vault, and notices new signing keys. Each process MUST run it; that several do
    /// is no harm.
    pub async fn run(&self, stop: CancellationToken) {
        tokio::join!(self.run_chores(stop.clone()), self.token_keys.run(stop));
    }

    async fn run_chores(&self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(CHORES_EVERY)).await.is_some() {
            if let Err(failure) = self.chores().await {
                tracing::error!(error = %failure, "chores were left undone");
            }
        }
    }

    /// Does each of them, also when one before it failed; answers with the first failure.
    async fn chores(&self) -> Result<(), Failure> {
        let now = self.clock.now();
        let done = [
            // Who could not be erased was logged, and is due again the next time.
            self.erase_who_is_due(now).await,
            self.learn_decoys().await,
            self.end_network_facts(now).await,
            self.retire_signing_keys(now).await,
            self.retire_index_keys(now).await,
            self.vault.sweep(now).await.map_err(Failure::from),
        ];
        done.into_iter().collect()
    }

    /// Drops the signing keys whose last token has run out.
    async fn retire_signing_keys(&self, now: Timestamp) -> Result<(), Failure> {
        let retired = self.vault.retire_signing_keys(now.before(TOKENS_LIVE)).await?;
        if retired > 0 {
            tracing::info!(retired, "signing keys whose tokens have all run out were dropped");
        }
        Ok(())
    }

    /// Drops the index keys by which no device can be known any more.
    async fn retire_index_keys(&self, now: Timestamp) -> Result<(), Failure> {
        let retired = self.vault.retire_index_keys(now.before(DEVICE_KNOWN)).await?;
        if retired > 0 {
            tracing::info!(retired, "index keys by which no device is known any more were dropped");
        }
        Ok(())
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

fn start_hasher(config: &Config, limits: Limits) -> Result<Hasher, HashingError> {
    let params = config.argon2;
    let cost = Cost { memory_kib: params.memory_kib, passes: params.iterations, lanes: params.parallelism };
    Hasher::start(cost, limits)
}
