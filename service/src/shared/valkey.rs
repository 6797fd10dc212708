//! One connection to Valkey or Redis, and what happens when it is lost.
//!
//! **The policy.** Nobody waits for Valkey to come back. While there is a connection it is asked, and each question has
//! a deadline. A question that fails or comes too late takes the connection away for everybody; from then on whoever
//! asks hears at once that there is nobody. One task brings it back: it connects, makes sure that the server runs our
//! script, and only then hands the connection out. So an outage costs those who are asking when it begins one
//! deadline, and nobody anything else.
//!
//! The library's own connection manager is not used because it lets callers wait while it connects, and never leaves an
//! error that is not one of input and output, such as a password that is wrong for a while.

use super::gcra::{Quota, Verdict};
use metrics::{Gauge, counter, gauge, histogram};
use redis::{
    AsyncConnectionConfig, Client, FromRedisValue, IntoConnectionInfo, RedisError, RedisResult, Script,
    aio::MultiplexedConnection, io::tcp::TcpSettings,
};
use std::{
    fmt,
    sync::{Arc, LazyLock, PoisonError, RwLock},
    time::{Duration, Instant},
};
use tokio::{sync::Notify, task::JoinHandle, time::timeout};

/// How long a question may take. On one network it takes a tenth of a millisecond.
const DEADLINE: Duration = Duration::from_millis(50);
/// How long connecting may take, and how long a server is left alone that was just lost.
const CONNECTING: Duration = Duration::from_secs(1);
const RESPITE: Duration = Duration::from_millis(250);

/// What counts attempts over there.
static LIMIT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script.lua")));

/// A Valkey or Redis server, there or not. Clones share the connection; with the last of them it is closed.
#[derive(Clone)]
pub struct Valkey(Arc<Handle>);

struct Handle {
    line: Arc<Line>,
    keeper: JoinHandle<()>,
}

struct Line {
    connection: RwLock<Option<Connection>>,
    lost: Notify,
    up: Gauge,
    /// What is shared.
    shared: &'static str,
    deadline: Duration,
}

#[derive(Clone)]
struct Connection {
    /// Counts up, so that a late failure of an older one does not take a newer one away.
    number: u64,
    connection: MultiplexedConnection,
}

/// A URL that leads to no Valkey. It may hold a password, so it is not shown.
#[derive(Debug, thiserror::Error)]
#[error("EVIDENT_REDIS_URL leads nowhere: {0}")]
pub struct InvalidValkeyUrl(#[source] RedisError);

/// Why a server does not serve us.
#[derive(Debug, thiserror::Error)]
pub enum Unreached {
    /// The URL is none.
    #[error(transparent)]
    Url(#[from] InvalidValkeyUrl),
    /// Nobody answers.
    #[error("it cannot be connected to: {0}")]
    Away(#[source] RedisError),
    /// It answers, and does not do what is needed: a wrong password, a right that is missing.
    #[error("it refuses: {0}")]
    Refused(#[source] RedisError),
}

impl Valkey {
    /// Begins to connect, and waits for nothing: a server that is away does not keep a process from starting. `shared`
    /// says in the log and in metrics what it is for. MUST be called inside the runtime.
    ///
    /// # Errors
    ///
    /// When the URL is not one.
    pub fn open(url: &str, shared: &'static str) -> Result<Self, InvalidValkeyUrl> {
        Self::open_within(url, shared, DEADLINE)
    }

    /// The same, with another deadline for each question. For tests.
    pub(super) fn open_within(
        url: &str,
        shared: &'static str,
        deadline: Duration,
    ) -> Result<Self, InvalidValkeyUrl> {
        let client = client(url)?;
        let up = gauge!("evident_valkey_up", "shared" => shared);
        up.set(0.0);
        let line =
            Arc::new(Line { connection: RwLock::new(None), lost: Notify::new(), up, shared, deadline });
        let keeper = tokio::spawn({
            let line = Arc::clone(&line);
            async move { line.keep(&client).await }
        });
        Ok(Self(Arc::new(Handle { line, keeper })))
    }

    /// Connects once, and makes sure that the server runs our script: for whoever wants to know, and shares nothing.
    ///
    /// # Errors
    ///
    /// [`Unreached::Away`] is no fault of anybody's; the others are the operator's to mend.
    pub async fn look(url: &str) -> Result<(), Unreached> {
        match connect(&client(url)?, CONNECTING).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_io_error() || error.is_timeout() || error.is_connection_dropped() => {
                Err(Unreached::Away(error))
            }
            Err(error) => Err(Unreached::Refused(error)),
        }
    }

    /// Whether it is there, as far as is known.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.0.line.current().is_some()
    }

    /// One more attempt at a bucket; `None` when Valkey does not say what becomes of it.
    pub(super) async fn limit(&self, bucket: &str, quota: Quota) -> Option<Verdict> {
        self.limit_at(bucket, quota, None).await
    }

    /// The same, by another clock than the server's when one is given. For tests.
    pub(super) async fn limit_at(
        &self,
        bucket: &str,
        quota: Quota,
        now_micros: Option<i64>,
    ) -> Option<Verdict> {
        let ask = async |mut connection| {
            let mut call = LIMIT.key(bucket);
            call.arg(quota.burst).arg(u64::try_from(quota.interval.as_micros()).unwrap_or(u64::MAX));
            if let Some(now) = now_micros {
                call.arg(now);
            }
            call.invoke_async::<i64>(&mut connection).await
        };
        let told = self.ask("limit", ask).await?;
        let micros = Duration::from_micros(told.unsigned_abs());
        Some(if told > 0 { Verdict::Refused { wait: micros } } else { Verdict::Admitted { taken: micros } })
    }

    /// What is kept under a key. The outer `None` when Valkey does not say.
    pub(super) async fn get(&self, key: &str) -> Option<Option<Vec<u8>>> {
        let ask = async |mut connection| redis::cmd("GET").arg(key).query_async(&mut connection).await;
        self.ask("get", ask).await
    }

    /// Keeps something under a key, for so long. `None` when Valkey does not say whether it does.
    pub(super) async fn put(&self, key: &str, value: &[u8], life: Duration) -> Option<()> {
        let millis = u64::try_from(life.as_millis()).unwrap_or(u64::MAX);
        let ask = async |mut connection| {
            redis::cmd("SET").arg(key).arg(value).arg("PX").arg(millis).query_async(&mut connection).await
        };
        self.ask("put", ask).await
    }

    async fn ask<T: FromRedisValue>(
        &self,
        question: &'static str,
        ask: impl AsyncFnOnce(MultiplexedConnection) -> RedisResult<T>,
    ) -> Option<T> {
        let Connection { number, connection } = self.0.line.current()?;
        let began = Instant::now();
        let failure: Lost = match timeout(self.0.line.deadline, ask(connection)).await {
            Ok(Ok(answer)) => {
                histogram!("evident_valkey_seconds", "question" => question).record(began.elapsed());
                return Some(answer);
            }
            Ok(Err(error)) => error.into(),
            Err(_) => Lost::Late,
        };
        counter!("evident_valkey_failures_total", "question" => question).increment(1);
        self.0.line.lose(number, &failure);
        None
    }
}

#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("no answer in time")]
    Late,
    #[error(transparent)]
    Failed(#[from] RedisError),
}

impl Line {
    fn current(&self) -> Option<Connection> {
        self.connection.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the connection away, if it is still this one.
    fn lose(&self, number: u64, why: &Lost) {
        let mut current = self.connection.write().unwrap_or_else(PoisonError::into_inner);
        if current.take_if(|connection| connection.number == number).is_some() {
            self.up.set(0.0);
            self.lost.notify_one();
            tracing::warn!(error = %why, "Valkey is lost: {} are each process's own until it is back", self.shared);
        }
    }

    /// Brings the connection back as often as it is lost.
    async fn keep(&self, client: &Client) {
        let mut told = false;
        for number in 0.. {
            let connection = loop {
                match connect(client, self.deadline.max(CONNECTING)).await {
                    Ok(connection) => break connection,
                    Err(error) => {
                        if !std::mem::replace(&mut told, true) {
                            tracing::warn!(%error, "Valkey cannot be reached: {} are each process's own", self.shared);
                        }
                        tokio::time::sleep(RESPITE).await;
                    }
                }
            };
            told = false;
            tracing::info!("Valkey is there: {} are shared", self.shared);
            *self.connection.write().unwrap_or_else(PoisonError::into_inner) =
                Some(Connection { number, connection });
            self.up.set(1.0);
            self.lost.notified().await;
            // A server that answers greetings and nothing else must not be greeted without end.
            tokio::time::sleep(RESPITE).await;
        }
    }
}

/// A client of what the URL names; it has not connected yet.
fn client(url: &str) -> Result<Client, InvalidValkeyUrl> {
    // Several libraries bring a TLS provider each, so that rustls knows none of them for the default. When somebody
    // else has chosen one already it is this one, too.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let info = url.into_connection_info().map_err(InvalidValkeyUrl)?;
    let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true));
    Client::open(info).map_err(InvalidValkeyUrl)
}

/// A connection on which our script is known, so that no request is the first to bring it. No answer on it takes longer
/// than `patience`, whatever the deadline of whoever waits for it.
async fn connect(client: &Client, patience: Duration) -> Result<MultiplexedConnection, RedisError> {
    let bounds = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECTING))
        .set_response_timeout(Some(patience));
    let mut connection = client.get_multiplexed_async_connection_with_config(&bounds).await?;
    LIMIT.load_async(&mut connection).await?;
    Ok(connection)
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl fmt::Debug for Valkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Valkey({})", if self.is_up() { "up" } else { "away" })
    }
}
