//! The variables, for people: `--help` prints this table.

/// Name, default, meaning.
const VARIABLES: [(&str, &str, &str); 26] = [
    ("EVIDENT_BIND", "127.0.0.1:8080", "where to listen"),
    ("EVIDENT_OPS_BIND", "", "where health and metrics listen; unset: on EVIDENT_BIND"),
    (
        "EVIDENT_PUBLIC_URL",
        "http:// and EVIDENT_BIND",
        "what clients call us; access tokens are issued in this name",
    ),
    ("EVIDENT_CORS_ORIGINS", "", "origins of pages that may call us, with commas between"),
    ("EVIDENT_TRUSTED_PROXIES", "", "networks whose X-Forwarded-For is believed"),
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
        "base64 of the 32 bytes that wrap all other keys",
    ),
    ("EVIDENT_ADMIN_EMAIL", "", "the first admin's address"),
    (
        "EVIDENT_ADMIN_PASSWORD",
        "",
        "the first admin's password; unset: `evident` prints a one-time password, command-api makes none",
    ),
    ("EVIDENT_REGISTRATION", "open", "who may register: open or closed"),
    ("EVIDENT_ACCESS_TTL", "10m", "how long an access token holds, at most 1h"),
    ("EVIDENT_SESSION_TTL", "30d", "how long one sign-in lasts, at most 30d"),
    ("EVIDENT_REFRESH_GRACE", "10s", "how long the last refresh token gives the same successor, at most 10s"),
    ("EVIDENT_ERASURE_DELAY", "30d", "how long after its deletion an account is erased"),
    ("EVIDENT_RETENTION_NETWORK", "365d", "how long network facts can be read"),
    ("EVIDENT_ARGON2", "m=19456,t=2,p=1", "what a password costs to guess: KiB, passes, lanes"),
    ("EVIDENT_PASSWORD_MIN", "15", "the fewest code points of a password"),
    ("EVIDENT_RATE_LIMITS", "on", "off only for load tests"),
    ("EVIDENT_LOG_FORMAT", "text on a terminal, json else", "what log lines look like"),
    ("EVIDENT_NATS_URL", "", "nats://… that carries the log's tail; unset: the log itself is tailed"),
    ("EVIDENT_NATS_REPLICAS", "1", "on how many NATS servers the tail is kept"),
    ("EVIDENT_REDIS_URL", "", "redis://… for limits and answers that processes share; unset: in process"),
    ("EVIDENT_SMTP_URL", "", "not in this build"),
];

/// The names of all variables.
pub(super) fn names() -> [&'static str; VARIABLES.len()] {
    VARIABLES.map(|(name, ..)| name)
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
    table
}
