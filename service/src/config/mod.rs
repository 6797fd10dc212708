//! The configuration: read once, from the environment and `.env`, into a struct. All mistakes are reported together.

mod environment;
mod parse;
mod variables;

pub use environment::{Environment, InvalidEnvFile};
pub use parse::Argon2Params;
pub use variables::help;

use ipnet::IpNet;
use parse::Reader;
use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};
use zeroize::Zeroizing;

/// A text that nobody may see: its `Debug` prints `…`, and its memory is wiped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Keeps the text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text. MUST NOT be logged, answered or kept.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// One mistake in the configuration. It names the variable and never shows a secret's value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {message}")]
pub struct Mistake {
    /// The variable.
    pub variable: String,
    /// What is wrong with it, and what would be right.
    pub message: String,
}

/// Who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// Anybody.
    Open,
    /// Nobody; accounts are made by those who may.
    Closed,
}

/// What log lines look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}

const SECONDS_10: Duration = Duration::from_secs(10);
const MINUTES_10: Duration = Duration::from_secs(10 * 60);
const DAYS_30: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const DAYS_365: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Everything that can be set. `help` shows the same as a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `EVIDENT_BIND` (127.0.0.1:8080): where to listen.
    pub bind: SocketAddr,
    /// `EVIDENT_OPS_BIND` (unset: on the main address): where health and metrics listen.
    pub ops_bind: Option<SocketAddr>,
    /// `EVIDENT_PUBLIC_URL` (`http://` and `EVIDENT_BIND`): what clients call us, without a slash at the end. Access tokens
    /// are issued in this name.
    pub public_url: String,
    /// `EVIDENT_CORS_ORIGINS` (none): origins of browsers' pages that may call us.
    pub cors_origins: Vec<String>,
    /// `EVIDENT_TRUSTED_PROXIES` (none): networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// `EVIDENT_DATA_DIR` (./data): where files are kept.
    pub data_dir: PathBuf,
    /// `EVIDENT_LOG_URL` (`log.db` in the data folder): where the log is.
    pub log_url: Secret,
    /// `EVIDENT_READ_URL` (`read.db` in the data folder): where the read models are.
    pub read_url: Secret,
    /// `EVIDENT_VAULT_URL` (`vault.db` in the data folder): where the keys are.
    pub vault_url: Secret,
    /// `EVIDENT_NATS_URL` (unset: the log itself is tailed): the NATS servers that carry the log's tail.
    pub nats_url: Option<Secret>,
    /// `EVIDENT_NATS_REPLICAS` (1, at most 5): on how many NATS servers the tail is kept.
    pub nats_replicas: usize,
    /// `EVIDENT_REDIS_URL` (unset: in process): the Valkey or Redis that holds what several processes share.
    pub redis_url: Option<Secret>,
    /// `EVIDENT_MASTER_KEY_FILE` (`master.key` in the data folder): base64 of the 32 bytes that wrap all other keys.
    pub master_key_file: PathBuf,
    /// `EVIDENT_ADMIN_EMAIL`: the first admin's address.
    pub admin_email: Option<String>,
    /// `EVIDENT_ADMIN_PASSWORD`: the first admin's password.
    pub admin_password: Option<Secret>,
    /// `EVIDENT_REGISTRATION` (open).
    pub registration: Registration,
    /// `EVIDENT_ACCESS_TTL` (10m, at most 1h): how long an access token holds.
    pub access_ttl: Duration,
    /// `EVIDENT_SESSION_TTL` (30d): how long one sign-in lasts, however often it is refreshed.
    pub session_ttl: Duration,
    /// `EVIDENT_REFRESH_GRACE` (10s, at most that): how long the last refresh token still gives the same successor.
    pub refresh_grace: Duration,
    /// `EVIDENT_ERASURE_DELAY` (30d): how long after its deletion an account is erased.
    pub erasure_delay: Duration,
    /// `EVIDENT_RETENTION_NETWORK` (365d): how long network facts can be read.
    pub retention_network: Duration,
    /// `EVIDENT_ARGON2` (m=19456,t=2,p=1): what a password costs to guess.
    pub argon2: Argon2Params,
    /// `EVIDENT_PASSWORD_MIN` (15, 8 to 64): the fewest code points of a password.
    pub password_min: usize,
    /// `EVIDENT_RATE_LIMITS` (on): whether who guesses or asks too often has to wait. Off only for load tests.
    pub rate_limits: bool,
    /// `EVIDENT_LOG_FORMAT` (text on a terminal, json otherwise).
    pub log_format: LogFormat,
}

impl Config {
    /// Reads every variable.
    ///
    /// # Errors
    ///
    /// All mistakes that were made, in the order of `help`.
    pub fn read(environment: &Environment) -> Result<Config, Vec<Mistake>> {
        let mut reader = Reader::new(environment);
        reader.refuse_unknown(&variables::names());
        let bind = reader.or("EVIDENT_BIND", SocketAddr::from(([127, 0, 0, 1], 8080)), parse::address);
        let data_dir = reader.or("EVIDENT_DATA_DIR", PathBuf::from("./data"), parse::path);
        let store = |name: &str| Secret::new(format!("sqlite:{}", data_dir.join(name).display()));
        let config = Config {
            bind,
            ops_bind: reader.optional("EVIDENT_OPS_BIND", parse::address),
            public_url: reader.or("EVIDENT_PUBLIC_URL", format!("http://{bind}"), parse::public_url),
            cors_origins: reader.or("EVIDENT_CORS_ORIGINS", Vec::new(), parse::origins),
            trusted_proxies: reader.or("EVIDENT_TRUSTED_PROXIES", Vec::new(), parse::networks),
            log_url: reader.or("EVIDENT_LOG_URL", store("log.db"), parse::log_url),
            read_url: reader.or("EVIDENT_READ_URL", store("read.db"), parse::store_url),
            vault_url: reader.or("EVIDENT_VAULT_URL", store("vault.db"), parse::store_url),
            nats_url: reader.optional("EVIDENT_NATS_URL", parse::nats_url),
            nats_replicas: reader.or("EVIDENT_NATS_REPLICAS", 1, parse::nats_replicas),
            redis_url: reader.optional("EVIDENT_REDIS_URL", parse::redis_url),
            master_key_file: reader.or("EVIDENT_MASTER_KEY_FILE", data_dir.join("master.key"), parse::path),
            admin_email: reader.optional("EVIDENT_ADMIN_EMAIL", parse::text),
            admin_password: reader.optional("EVIDENT_ADMIN_PASSWORD", parse::secret),
            registration: reader.or("EVIDENT_REGISTRATION", Registration::Open, parse::registration),
            access_ttl: reader.or("EVIDENT_ACCESS_TTL", MINUTES_10, parse::access_ttl),
            session_ttl: reader.or("EVIDENT_SESSION_TTL", DAYS_30, parse::session_ttl),
            refresh_grace: reader.or("EVIDENT_REFRESH_GRACE", SECONDS_10, parse::refresh_grace),
            erasure_delay: reader.or("EVIDENT_ERASURE_DELAY", DAYS_30, parse::duration),
            retention_network: reader.or("EVIDENT_RETENTION_NETWORK", DAYS_365, parse::duration),
            argon2: reader.or("EVIDENT_ARGON2", Argon2Params::RECOMMENDED, parse::argon2),
            password_min: reader.or("EVIDENT_PASSWORD_MIN", 15, parse::password_min),
            rate_limits: reader.or("EVIDENT_RATE_LIMITS", true, parse::on_off),
            log_format: reader.or("EVIDENT_LOG_FORMAT", environment.log_format(), parse::log_format),
            data_dir,
        };
        reader.not_in_this_build(&["EVIDENT_SMTP_URL"]);
        if config.admin_password.is_some() && config.admin_email.is_none() {
            reader.mistake("EVIDENT_ADMIN_PASSWORD", "needs EVIDENT_ADMIN_EMAIL beside it");
        }
        let mistakes = reader.finish();
        if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
    }
}

#[cfg(test)]
mod tests;
