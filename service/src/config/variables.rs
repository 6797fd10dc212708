//! The variables, for people: `--help` prints this table.

/// Name, default, meaning.
const VARIABLES: [(&str, &str, &str); 40] = [
    ("EVIDENT_BIND", "127.0.0.1:8080", "where to listen"),
    ("EVIDENT_OPS_BIND", "", "where health and metrics listen; unset: on EVIDENT_BIND"),
    (
        "EVIDENT_TLS_CERT_FILE",
        "",
        "the certificate (PEM) to speak TLS with on EVIDENT_BIND; unset: plain http",
    ),
    ("EVIDENT_TLS_KEY_FILE", "", "its private key (PEM)"),
    (
        "EVIDENT_PUBLIC_URL",
        "http(s):// and EVIDENT_BIND",
        "what clients call us (localhost where EVIDENT_BIND is 0.0.0.0 or [::]); access tokens are issued in this name",
    ),
    ("EVIDENT_FRONTEND_URL", "as EVIDENT_PUBLIC_URL", "where the links in mails lead"),
    ("EVIDENT_REQUIRE_HTTPS", "on when the URL is https", "refuse what did not come by https"),
    ("EVIDENT_CORS_ORIGINS", "", "origins of pages that may call us, with commas between"),
    ("EVIDENT_TRUSTED_PROXIES", "", "networks whose X-Forwarded-For and -Proto are believed"),
    ("EVIDENT_DATA_DIR", "./data", "where files are kept"),
    (
        "EVIDENT_LOG_URL",
        "sqlite: in the data folder",
        "where the log is: sqlite:PATH, postgres://… or kurrentdb://…",
    ),
    ("EVIDENT_READ_URL", "sqlite: in the data folder", "where the read models are"),
    ("EVIDENT_VAULT_URL", "sqlite: in the data folder", "where the keys are"),
    (
        "EVIDENT_MASTER_KEY_FILE",
        "master.key in the data folder",
        "base64 of the 32 bytes that wrap all other keys; while it is replaced, the new one and below it the old",
    ),
    ("EVIDENT_ADMIN_EMAIL", "", "the first admin's address"),
    (
        "EVIDENT_ADMIN_PASSWORD",
        "",
        "the first admin's password; unset: `evident` prints an initial password once, command-api makes no admin",
    ),
    ("EVIDENT_REGISTRATION", "open", "who may register: open, verified (addresses first) or closed"),
    ("EVIDENT_ACCESS_TTL", "10m", "how long an access token holds, at most 1h"),
    ("EVIDENT_JWKS_MAX_AGE", "5m", "how long others may keep the keys that verify access tokens, at most 1d"),
    ("EVIDENT_SESSION_TTL", "30d", "how long one sign-in lasts, at most 30d"),
    ("EVIDENT_SESSION_IDLE_TTL", "14d", "how long a session lasts that nobody refreshes, at most 30d"),
    ("EVIDENT_SESSION_CAP", "50", "how many sessions a person may have at once; one more ends the oldest"),
    ("EVIDENT_REFRESH_GRACE", "10s", "how long the last refresh token gives the same successor, at most 10s"),
    (
        "EVIDENT_FRESH_AUTH",
        "15m",
        "how long ago somebody may have proved who they are, for what matters most; 1m to 1h",
    ),
    ("EVIDENT_ERASURE_DELAY", "30d", "how long after its deletion an account is erased"),
    ("EVIDENT_RETENTION_NETWORK", "365d", "how long network facts can be read"),
    ("EVIDENT_ARGON2", "m=19456,t=2,p=1", "what a password costs to guess: KiB, passes, lanes"),
    (
        "EVIDENT_SECOND_FACTOR",
        "optional",
        "of whom a second factor is demanded: optional, all, or names of roles with commas between; the same for all services",
    ),
    (
        "EVIDENT_PASSWORD_MIN",
        "15",
        "the fewest code points of a password; 8 to 14 only with EVIDENT_SECOND_FACTOR=all",
    ),
    (
        "EVIDENT_PASSWORD_BLOCKLIST_FILE",
        "",
        "leaked passwords that are refused: one a line, or sorted SHA-1 hashes (Have I Been Pwned)",
    ),
    ("EVIDENT_RATE_LIMITS", "on", "off only for load tests"),
    ("EVIDENT_LOG_FORMAT", "text on a terminal, json else", "what log lines look like"),
    (
        "EVIDENT_OTLP_URL",
        "",
        "http(s)://HOST:4318 of a collector that takes traces; unset: none are recorded",
    ),
    ("EVIDENT_SENTRY_DSN", "", "https://KEY@HOST/PROJECT where errors are reported; unset: nowhere"),
    ("EVIDENT_TRACE_SAMPLE", "1", "the share of traces that are recorded, 0 to 1; the same for all services"),
    ("EVIDENT_NATS_URL", "", "nats://… that carries the log's tail; unset: the log itself is tailed"),
    ("EVIDENT_NATS_REPLICAS", "1", "on how many NATS servers the tail is kept"),
    ("EVIDENT_REDIS_URL", "", "redis://… for limits and answers that processes share; unset: in process"),
    (
        "EVIDENT_SMTP_URL",
        "",
        "smtps://… or smtp://… (STARTTLS) that takes mails; unset: they are files in the data folder's mail",
    ),
    (
        "EVIDENT_MAIL_FROM",
        "Evident <evident@localhost>",
        "who mails come from; needed beside EVIDENT_SMTP_URL",
    ),
];

/// What may also stand in a file, which `NAME_FILE` names: whatever holds a password. An environment is shown to whoever may
/// inspect the process or its container; a file only to whom its mode admits.
pub(super) const IN_FILES: [&str; 9] = [
    "EVIDENT_LOG_URL",
    "EVIDENT_READ_URL",
    "EVIDENT_VAULT_URL",
    "EVIDENT_ADMIN_PASSWORD",
    "EVIDENT_NATS_URL",
    "EVIDENT_REDIS_URL",
    "EVIDENT_SMTP_URL",
    "EVIDENT_OTLP_URL",
    "EVIDENT_SENTRY_DSN",
];

/// The names of all variables.
pub(super) fn names() -> [&'static str; VARIABLES.len()] {
    VARIABLES.map(|(name, ..)| name)
}

/// The name of the variable that says in which file another one's value is.
pub(super) fn file_of(name: &str) -> String {
    format!("{name}_FILE")
}

/// Every variable with its default and its meaning, as a table for a terminal.
#[must_use]
pub fn help() -> String {
    let width =
        |column: fn(&(&str, &'static str, &str)) -> usize| VARIABLES.iter().map(column).max().unwrap_or(0);
    let (names, defaults) = (width(|(name, ..)| name.len()), width(|(_, default, _)| default.len()));
    let mut table = String::from("Variables (environment, or .env in the working folder):\n");
    for (name, default, meaning) in VARIABLES {
        table.push_str(&format!("  {name:names$}  {default:defaults$}  {meaning}\n"));
    }
    table.push_str("\nWhat holds a password may stand in a file instead, which these name:\n");
    for name in IN_FILES {
        table.push_str(&format!("  {:names$}  the value of {name}\n", file_of(name)));
    }
    table
}
