//! The configuration: read once, from the environment and `.env`, into a struct. All mistakes are reported together.

mod environment;
mod parse;
mod second_factor;
mod secrets;
mod variables;

pub use environment::{Environment, InvalidEnvFile};
pub use parse::{Argon2Params, callable};
pub use second_factor::SecondFactorDemand;
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
    /// Anybody; who has not verified their address may not sign in, and nobody is told whether an address has an account.
    Verified,
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
const MINUTES_5: Duration = Duration::from_secs(5 * 60);
const MINUTES_10: Duration = Duration::from_secs(10 * 60);
const MINUTES_15: Duration = Duration::from_secs(15 * 60);
const DAYS_14: Duration = Duration::from_secs(14 * 24 * 60 * 60);
const DAYS_30: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const DAYS_365: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// The fewest code points of a password that may be all that somebody signs in by (SP 800-63B-4 §3.1.1.2).
const PASSWORD_ALONE_MIN: usize = 15;

/// Where the certificate is, and the key to it, that TLS is spoken with here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and whoever vouches for it, as PEM.
    pub certificate: PathBuf,
    /// Its private key, as PEM.
    pub key: PathBuf,
}

/// Everything that can be set. `help` shows the same as a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `EVIDENT_BIND` (127.0.0.1:8080): where to listen.
    pub bind: SocketAddr,
    /// `EVIDENT_OPS_BIND` (unset: on the main address): where health and metrics listen.
    pub ops_bind: Option<SocketAddr>,
    /// `EVIDENT_TLS_CERT_FILE` and `EVIDENT_TLS_KEY_FILE` (unset: plain http): the main address speaks TLS with them.
    pub tls: Option<TlsFiles>,
    /// `EVIDENT_PUBLIC_URL` (`http://`, or `https://` with TLS, and `EVIDENT_BIND`, or `localhost` and its port where that is every
    /// address of the machine): what clients call us, without a slash at the end. Access tokens are issued in this name.
    pub public_url: String,
    /// `EVIDENT_FRONTEND_URL` (`EVIDENT_PUBLIC_URL`): where the links in mails lead, without a slash at the end.
    pub frontend_url: String,
    /// `EVIDENT_REQUIRE_HTTPS` (on when the public URL is https): whether what did not come by https is refused.
    pub require_https: bool,
    /// `EVIDENT_CORS_ORIGINS` (none): origins of browsers' pages that may call us.
    pub cors_origins: Vec<String>,
    /// `EVIDENT_TRUSTED_PROXIES` (none): networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
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
    /// `EVIDENT_SMTP_URL` (unset: mails are files in `mail` in the data folder): the server that takes mails. `smtps://` is TLS
    /// from the start, `smtp://` by STARTTLS, which only a loopback may do without.
    pub smtp_url: Option<Secret>,
    /// `EVIDENT_MAIL_FROM` (`Evident <evident@localhost>`; needed beside `EVIDENT_SMTP_URL`): who mails come from.
    pub mail_from: String,
    /// `EVIDENT_MASTER_KEY_FILE` (`master.key` in the data folder): base64 of the 32 bytes that wrap all other keys,
    /// one key a line: the first is to wrap, the others open what they have wrapped.
    pub master_key_file: PathBuf,
    /// `EVIDENT_ADMIN_EMAIL`: the first admin's address.
    pub admin_email: Option<String>,
    /// `EVIDENT_ADMIN_PASSWORD`: the first admin's password.
    pub admin_password: Option<Secret>,
    /// `EVIDENT_REGISTRATION` (open).
    pub registration: Registration,
    /// `EVIDENT_ACCESS_TTL` (10m, at most 1h): how long an access token holds.
    pub access_ttl: Duration,
    /// `EVIDENT_JWKS_MAX_AGE` (5m, 1s to 1d): how long others may keep the keys that verify access tokens. A new key is
    /// published for longer than that before it signs.
    pub jwks_max_age: Duration,
    /// `EVIDENT_SESSION_TTL` (30d): how long one sign-in lasts, however often it is refreshed.
    pub session_ttl: Duration,
    /// `EVIDENT_SESSION_IDLE_TTL` (14d): how long a session lasts that nobody refreshes.
    pub session_idle_ttl: Duration,
    /// `EVIDENT_SESSION_CAP` (50, 1 to 1000): how many sessions a person may have at once. One more ends the oldest.
    pub session_cap: usize,
    /// `EVIDENT_REFRESH_GRACE` (10s, at most that): how long the last refresh token still gives the same successor.
    pub refresh_grace: Duration,
    /// `EVIDENT_FRESH_AUTH` (15m, 1m to 1h): how long ago a person may have proved who they are, for what matters most.
    pub fresh_auth: Duration,
    /// `EVIDENT_ERASURE_DELAY` (30d): how long after its deletion an account is erased.
    pub erasure_delay: Duration,
    /// `EVIDENT_RETENTION_NETWORK` (365d): how long network facts can be read.
    pub retention_network: Duration,
    /// `EVIDENT_ARGON2` (m=19456,t=2,p=1): what a password costs to guess.
    pub argon2: Argon2Params,
    /// `EVIDENT_SECOND_FACTOR` (optional): of whom a second factor is demanded. MUST be the same for all services.
    pub second_factor: SecondFactorDemand,
    /// `EVIDENT_PASSWORD_MIN` (15, at most 64): the fewest code points of a password. From 8 where a second factor is demanded of
    /// everybody; nothing less than 15 while a password may be all that somebody signs in by (SP 800-63B-4 §3.1.1.2).
    pub password_min: usize,
    /// `EVIDENT_PASSWORD_BLOCKLIST_FILE` (none): passwords that have leaked and are refused; one a line, or their SHA-1 in
    /// order, as Have I Been Pwned gives them away.
    pub password_blocklist_file: Option<PathBuf>,
    /// `EVIDENT_RATE_LIMITS` (on): whether who guesses or asks too often has to wait. Off only for load tests.
    pub rate_limits: bool,
    /// `EVIDENT_OTLP_URL` (unset: no traces): the collector that is sent traces, by OTLP over HTTP.
    pub otlp_url: Option<Secret>,
    /// `EVIDENT_TRACE_SAMPLE` (1, that is all): the share of the traces that are recorded, in millionths.
    pub trace_sample_ppm: u32,
    /// `EVIDENT_SENTRY_DSN` (unset: nothing is reported): where errors are reported, in Sentry's protocol.
    pub sentry_dsn: Option<Secret>,
    /// `EVIDENT_LOG_FORMAT` (text on a terminal, json otherwise).
    pub log_format: LogFormat,
}

impl Config {
    /// Where our own pages are from: scheme, host and port of the public URL, as browsers write them (RFC 6454 §6.2).
    #[must_use]
    pub fn public_origin(&self) -> String {
        parse::origin_of(&self.public_url)
    }

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
        let (smtp_url, mail_from) = (
            reader.secret("EVIDENT_SMTP_URL", parse::smtp_url),
            reader.optional("EVIDENT_MAIL_FROM", parse::mail_from),
        );
        let store = |name: &str| Secret::new(format!("sqlite:{}", data_dir.join(name).display()));
        let certificate = reader.optional("EVIDENT_TLS_CERT_FILE", parse::path);
        let tls = match (certificate, reader.optional("EVIDENT_TLS_KEY_FILE", parse::path)) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                let both =
                    "needs its key beside it: set EVIDENT_TLS_CERT_FILE and EVIDENT_TLS_KEY_FILE, or neither";
                reader.mistake("EVIDENT_TLS_CERT_FILE", both);
                None
            }
        };
        let scheme = if tls.is_some() { "https" } else { "http" };
        let here = format!("{scheme}://{}", callable(bind));
        let public_url = reader.or("EVIDENT_PUBLIC_URL", here, parse::public_url);
        let https = public_url.starts_with("https:");
        if tls.is_some() && !https {
            reader.mistake("EVIDENT_PUBLIC_URL", "must be https where EVIDENT_TLS_CERT_FILE is set");
        }
        let config = Config {
            bind,
            ops_bind: reader.optional("EVIDENT_OPS_BIND", parse::address),
            tls,
            frontend_url: reader.or("EVIDENT_FRONTEND_URL", public_url.clone(), parse::public_url),
            public_url,
            require_https: reader.or("EVIDENT_REQUIRE_HTTPS", https, parse::on_off),
            cors_origins: reader.or("EVIDENT_CORS_ORIGINS", Vec::new(), parse::origins),
            trusted_proxies: reader.or("EVIDENT_TRUSTED_PROXIES", Vec::new(), parse::networks),
            log_url: reader.secret_or("EVIDENT_LOG_URL", store("log.db"), parse::log_url),
            read_url: reader.secret_or("EVIDENT_READ_URL", store("read.db"), parse::store_url),
            vault_url: reader.secret_or("EVIDENT_VAULT_URL", store("vault.db"), parse::store_url),
            nats_url: reader.secret("EVIDENT_NATS_URL", parse::nats_url),
            nats_replicas: reader.or("EVIDENT_NATS_REPLICAS", 1, parse::nats_replicas),
            redis_url: reader.secret("EVIDENT_REDIS_URL", parse::redis_url),
            mail_from: mail_from.clone().unwrap_or_else(|| "Evident <evident@localhost>".to_owned()),
            smtp_url,
            master_key_file: reader.or("EVIDENT_MASTER_KEY_FILE", data_dir.join("master.key"), parse::path),
            admin_email: reader.optional("EVIDENT_ADMIN_EMAIL", parse::text),
            admin_password: reader.secret("EVIDENT_ADMIN_PASSWORD", parse::secret),
            registration: reader.or("EVIDENT_REGISTRATION", Registration::Open, parse::registration),
            access_ttl: reader.or("EVIDENT_ACCESS_TTL", MINUTES_10, parse::access_ttl),
            jwks_max_age: reader.or("EVIDENT_JWKS_MAX_AGE", MINUTES_5, parse::jwks_max_age),
            session_ttl: reader.or("EVIDENT_SESSION_TTL", DAYS_30, parse::session_ttl),
            session_idle_ttl: reader.or("EVIDENT_SESSION_IDLE_TTL", DAYS_14, parse::session_ttl),
            session_cap: reader.or("EVIDENT_SESSION_CAP", 50, parse::session_cap),
            refresh_grace: reader.or("EVIDENT_REFRESH_GRACE", SECONDS_10, parse::refresh_grace),
            fresh_auth: reader.or("EVIDENT_FRESH_AUTH", MINUTES_15, parse::fresh_auth),
            erasure_delay: reader.or("EVIDENT_ERASURE_DELAY", DAYS_30, parse::duration),
            retention_network: reader.or("EVIDENT_RETENTION_NETWORK", DAYS_365, parse::duration),
            argon2: reader.or("EVIDENT_ARGON2", Argon2Params::RECOMMENDED, parse::argon2),
            second_factor: reader.or(
                "EVIDENT_SECOND_FACTOR",
                SecondFactorDemand::Nobody,
                second_factor::demand,
            ),
            password_min: reader.or("EVIDENT_PASSWORD_MIN", PASSWORD_ALONE_MIN, parse::password_min),
            password_blocklist_file: reader.optional("EVIDENT_PASSWORD_BLOCKLIST_FILE", parse::path),
            rate_limits: reader.or("EVIDENT_RATE_LIMITS", true, parse::on_off),
            otlp_url: reader.secret("EVIDENT_OTLP_URL", parse::collector_url),
            trace_sample_ppm: reader.or("EVIDENT_TRACE_SAMPLE", 1_000_000, parse::share_ppm),
            sentry_dsn: reader.secret("EVIDENT_SENTRY_DSN", parse::sentry_dsn),
            log_format: reader.or("EVIDENT_LOG_FORMAT", environment.log_format(), parse::log_format),
            data_dir,
        };
        if config.smtp_url.is_some() && mail_from.is_none() {
            reader.mistake("EVIDENT_SMTP_URL", "needs EVIDENT_MAIL_FROM beside it");
        }
        if config.admin_password.is_some() && config.admin_email.is_none() {
            reader.mistake("EVIDENT_ADMIN_PASSWORD", "needs EVIDENT_ADMIN_EMAIL beside it");
        }
        if config.password_min < PASSWORD_ALONE_MIN && config.second_factor != SecondFactorDemand::Everybody {
            reader.mistake(
                "EVIDENT_PASSWORD_MIN",
                "must be 15 to 64 unless EVIDENT_SECOND_FACTOR is all: it may be all that somebody signs in by",
            );
        }
        // Load tests run where nobody signs in; who is called by https serves people.
        if !config.rate_limits && config.public_url.starts_with("https:") {
            reader.mistake(
                "EVIDENT_RATE_LIMITS",
                "off is for load tests, not for an EVIDENT_PUBLIC_URL by https",
            );
        }
        let mistakes = reader.finish();
        if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
    }
}

#[cfg(test)]
mod tests;
