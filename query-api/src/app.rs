//! What every query works with.

use crate::{
    access::{Access, LoadError},
    asking::OLDEST_FEED,
    feed::Feed,
    keys::Keys,
    me::{Me, Shared},
    wait::Waits,
};
use events::{LogId, Position};
use http::HeaderValue;
use metrics::gauge;
use read_models::{ReadModels, ReadModelsError};
use serde::{Serialize, de::DeserializeOwned};
use service::{
    Clock, Code, Config, Entropy, Problem,
    browser::Browsers,
    cursor::Cursors,
    position::{EVIDENT_POSITION, PositionTokens},
    shared::InvalidValkeyUrl,
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use store::{
    log::{Log, LogError},
    vault::{Purpose, Vault, VaultError},
};
use tokio_util::sync::CancellationToken;

/// The read side of Evident. Clones share everything.
#[derive(Debug, Clone)]
pub struct App(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    log: Log,
    vault: Vault,
    read_models: ReadModels,
    clock: Clock,
    entropy: Entropy,
    access: Access,
    keys: Keys,
    feed: Feed,
    me: Me,
    waits: Waits,
    cursors: Cursors,
    browsers: Browsers,
    positions: PositionTokens,
    /// How long a session lasts that nobody refreshes.
    idle_ttl: Duration,
    /// The token made last: most answers in a row reflect the same position.
    last_token: Mutex<(Position, HeaderValue)>,
}

/// Why the read side cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The vault does not give the keys.
    #[error("keys cannot be loaded: {0}")]
    Vault(#[from] VaultError),
    /// The read models do not give what was revoked.
    #[error("read models cannot be loaded: {0}")]
    ReadModels(#[from] ReadModelsError),
    /// What instances share is said to be where nothing can be.
    #[error(transparent)]
    Shared(#[from] InvalidValkeyUrl),
    /// The log does not give what happened on parked streams.
    #[error("parked streams cannot be read: {0}")]
    Log(#[from] LogError),
    /// The read models show another log than this one.
    #[error("read models show log {shown}, not log {ours}")]
    OtherLog {
        /// The log that they show.
        shown: LogId,
        /// The log that was opened.
        ours: LogId,
    },
}

impl StartError {
    /// Whether a store does not answer, so that starting again later may go better.
    #[must_use]
    pub fn is_away(&self) -> bool {
        match self {
            StartError::Vault(error) => error.is_away(),
            StartError::ReadModels(error) => error.is_away(),
            StartError::Log(error) => error.is_away(),
            StartError::Shared(_) | StartError::OtherLog { .. } => false,
        }
    }
}

impl From<LoadError> for StartError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::ReadModels(error) => error.into(),
            LoadError::Log(error) => error.into(),
        }
    }
}

impl App {
    /// Loads what was revoked lately and the keys that verify tokens. From here on queries can be answered;
    /// [`App::follow`] MUST run beside them, or readiness fails and, soon after, so does every query.
    pub async fn start(
        log: Log,
        vault: Vault,
        read_models: ReadModels,
        config: &Config,
        clock: Clock,
        entropy: Entropy,
    ) -> Result<App, StartError> {
        let now = clock.now();
        let shown = read_models.checkpoint().await?;
        if let Some(shown) = shown.log.filter(|shown| *shown != log.id()) {
            return Err(StartError::OtherLog { shown, ours: log.id() });
        }
        let (access, position) = Access::load(&log, &read_models, config, now).await?;
        let keys = Keys::load(vault.clone(), config).await?;
        let positions = PositionTokens::new(*vault.server_key(Purpose::Token), log.id());
        let shared = Shared::open(config, &vault, log.id(), &entropy)?;
        let last_token = Mutex::new((position, positions.header(position)));
        Ok(App(Arc::new(Inner {
            access,
            keys,
            feed: Feed::new(log.clone(), position, now),
            me: Me::new(position, shared),
            waits: Waits::new(read_models.clone()),
            browsers: Browsers::new(config),
            cursors: Cursors::new(*vault.server_key(Purpose::Token)),
            positions,
            idle_ttl: config.session_idle_ttl,
            last_token,
            log,
            vault,
            read_models,
            clock,
            entropy,
        })))
    }

    /// Follows the log until told to stop: what is revoked anywhere is refused here within moments.
    pub async fn follow(&self, shutdown: CancellationToken) {
        let Inner { feed, access, me, clock, keys, .. } = &*self.0;
        tokio::join!(feed.run(access, me, clock, shutdown.clone()), keys.run(shutdown));
    }

    /// Whether what was revoked lately is known here. When it is not, nobody is admitted.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.0.feed.age(self.0.clock.now()) <= OLDEST_FEED
    }

    /// Whether any key is known that tokens can be verified with. The first command-api makes one.
    #[must_use]
    pub fn knows_keys(&self) -> bool {
        self.0.keys.are_known()
    }

    /// Brings the gauges up to date that are read off only when somebody asks for them.
    pub fn observe(&self) {
        gauge!("evident_feed_age_seconds").set(self.0.feed.age(self.0.clock.now()).as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and nobody counts to 2^53 here")]
        gauge!("evident_access_changes").set(self.0.access.len() as f64);
    }

    /// Answers once everything up to `position` is in force here.
    pub async fn followed(&self, position: Position) {
        self.0.feed.followed(position).await;
    }

    /// Whether answers are shared with other instances at this moment.
    #[must_use]
    pub fn is_sharing(&self) -> bool {
        self.0.me.is_sharing()
    }

    pub(crate) fn log(&self) -> &Log {
        &self.0.log
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.0.vault
    }

    pub(crate) fn read_models(&self) -> &ReadModels {
        &self.0.read_models
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// How long a session lasts that nobody refreshes.
    pub(crate) fn idle_ttl(&self) -> Duration {
        self.0.idle_ttl
    }

    pub(crate) fn entropy(&self) -> &Entropy {
        &self.0.entropy
    }

    pub(crate) fn access(&self) -> &Access {
        &self.0.access
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.0.feed
    }

    pub(crate) fn me(&self) -> &Me {
        &self.0.me
    }

    pub(crate) fn waits(&self) -> &Waits {
        &self.0.waits
    }

    pub(crate) fn browsers(&self) -> &Browsers {
        &self.0.browsers
    }

    /// Nothing here, as of a position.
    pub(crate) fn not_found(&self, position: Position) -> Problem {
        Problem::new(Code::NotFound).header(EVIDENT_POSITION, self.position_token(position))
    }

    /// A cursor behind the item that `key` stands for, good for this list alone.
    pub(crate) fn seal_cursor(&self, list: &str, key: &impl Serialize) -> String {
        self.0.cursors.seal(list, key)
    }

    /// Where the page that a cursor asks for begins; none at the beginning of the list.
    pub(crate) fn open_cursor<T: DeserializeOwned>(
        &self,
        list: &str,
        cursor: Option<&str>,
    ) -> Result<Option<T>, Problem> {
        cursor.map(|cursor| self.0.cursors.open(list, cursor)).transpose()
    }

    pub(crate) fn positions(&self) -> &PositionTokens {
        &self.0.positions
    }

    /// The text that stands for a position outside.
    pub(crate) fn position_token(&self, position: Position) -> HeaderValue {
        let mut last = self.0.last_token.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0 != position {
            *last = (position, self.0.positions.header(position));
        }
        last.1.clone()
    }
}
