//! From a variable's text to its value. Messages say what would be right, and never repeat what stood there.

use super::{
    Environment, LogFormat, Mistake, Registration, Secret,
    secrets::{self, Found},
    variables::{IN_FILES, file_of},
};
use crate::telemetry::reports_to_somebody;
use ipnet::IpNet;
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

const MINUTE_SECONDS: u64 = 60;
const HOUR_SECONDS: u64 = 60 * MINUTE_SECONDS;
const DAY_SECONDS: u64 = 24 * HOUR_SECONDS;

/// The cost of one Argon2id hash (RFC 9106 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Params {
    /// `m`, in KiB.
    pub memory_kib: u32,
    /// `t`, passes.
    pub iterations: u32,
    /// `p`, lanes.
    pub parallelism: u32,
}

impl Argon2Params {
    /// What OWASP's Password Storage page recommends.
    pub const RECOMMENDED: Argon2Params = Argon2Params { memory_kib: 19_456, iterations: 2, parallelism: 1 };
}

type Parsed<T> = Result<T, &'static str>;

/// Reads variables and collects mistakes on the way.
pub(super) struct Reader<'a> {
    environment: &'a Environment,
    mistakes: Vec<Mistake>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(environment: &'a Environment) -> Self {
        Self { environment, mistakes: Vec::new() }
    }

    /// The variable's value, or the default. After a mistake the default stands in, so that reading can go on.
    pub(super) fn or<T>(&mut self, name: &str, default: T, parse: impl Fn(&str) -> Parsed<T>) -> T {
        self.optional(name, parse).unwrap_or(default)
    }

    pub(super) fn optional<T>(&mut self, name: &str, parse: impl Fn(&str) -> Parsed<T>) -> Option<T> {
        match self.environment.get(name).map(parse)? {
            Ok(value) => Some(value),
            Err(message) => {
                self.mistake(name, message);
                None
            }
        }
    }

    /// As [`Reader::or`], for what holds a password: it may stand in a file, and is none that everybody knows.
    pub(super) fn secret_or(
        &mut self,
        name: &str,
        default: Secret,
        parse: impl Fn(&str) -> Parsed<Secret>,
    ) -> Secret {
        self.secret(name, parse).unwrap_or(default)
    }

    /// As [`Reader::optional`], for what holds a password.
    pub(super) fn secret(&mut self, name: &str, parse: impl Fn(&str) -> Parsed<Secret>) -> Option<Secret> {
        match secrets::find(self.environment, name) {
            Found::Nowhere => None,
            Found::Wrong { variable, message } => {
                self.mistake(&variable, message);
                None
            }
            Found::There { variable, value } => {
                match parse(value.expose()).and_then(secrets::refuse_placeholder) {
                    Ok(secret) => Some(secret),
                    Err(message) => {
                        self.mistake(&variable, message);
                        None
                    }
                }
            }
        }
    }

    /// A misspelt variable would be a setting that silently does nothing.
    pub(super) fn refuse_unknown(&mut self, known: &[&str]) {
        let ours = |name: &&str| name.starts_with("EVIDENT_") && !name.starts_with("EVIDENT_TEST_");
        let files = IN_FILES.map(file_of);
        let unknown = |name: &&str| !known.contains(name) && !files.iter().any(|file| file == name);
        for name in self.environment.names().filter(ours).filter(unknown) {
            self.mistakes.push(mistake(name, "there is no such variable"));
        }
    }

    pub(super) fn mistake(&mut self, variable: &str, message: &str) {
        self.mistakes.push(mistake(variable, message));
    }

    pub(super) fn finish(self) -> Vec<Mistake> {
        self.mistakes
    }
}

fn mistake(variable: &str, message: &str) -> Mistake {
    Mistake { variable: variable.to_owned(), message: message.to_owned() }
}

pub(super) fn address(text: &str) -> Parsed<SocketAddr> {
    text.parse().map_err(|_| "must be an address and a port, like 127.0.0.1:8080 or [::1]:8080")
}

/// What a client on this machine calls an address that is listened on. `0.0.0.0` and `[::]` are every address of the machine and
/// the name of none: links to them lead nowhere, and browsers keep no cookies for them.
#[must_use]
pub fn callable(bind: SocketAddr) -> String {
    if bind.ip().is_unspecified() { format!("localhost:{}", bind.port()) } else { bind.to_string() }
}

pub(super) fn path(text: &str) -> Parsed<PathBuf> {
    Ok(PathBuf::from(text))
}

pub(super) fn text(text: &str) -> Parsed<String> {
    Ok(text.to_owned())
}

pub(super) fn secret(text: &str) -> Parsed<Secret> {
    Ok(Secret::new(text))
}

/// `https://` anywhere, `http://` too: TLS may end at a proxy. Scheme and host alone, and perhaps a path.
pub(super) fn public_url(text: &str) -> Parsed<String> {
    let wrong = "must be a URL like https://id.example.com, without query or fragment";
    let url: http::Uri = text.parse().map_err(|_| wrong)?;
    let plain = !text.contains(['?', '#', '@']);
    let (Some(scheme @ ("http" | "https")), Some(host)) = (url.scheme_str(), url.host()) else {
        return Err(wrong);
    };
    let rest = text.split_once("://").filter(|_| !host.is_empty() && plain).ok_or(wrong)?.1;
    // Many ask what it begins with, and none of them should have to think of capitals.
    Ok(format!("{scheme}://{}", rest.trim_end_matches('/')))
}

/// Origins as browsers write them (RFC 6454 §6.2); never `*` and never `null`.
pub(super) fn origins(text: &str) -> Parsed<Vec<String>> {
    let wrong = "must be origins like https://app.example.com, with commas between them, and nothing after the host and port";
    let origin = |origin: &str| match origin.split_once("://") {
        Some(("http" | "https", host))
            if !host.is_empty() && !host.contains(['/', '?', '#', '@', '*', ' ']) =>
        {
            Ok(origin.to_ascii_lowercase())
        }
        Some(_) | None => Err(wrong),
    };
    list(text).map(origin).collect()
}

/// The origin of a URL that [`public_url`] accepted.
pub(super) fn origin_of(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let (scheme, rest) = (scheme.to_ascii_lowercase(), rest.to_ascii_lowercase());
    let host = rest.split('/').next().unwrap_or_default();
    let usual = match scheme.as_str() {
        "https" => ":443",
        _ => ":80",
    };
    format!("{scheme}://{}", host.strip_suffix(usual).unwrap_or(host))
}

pub(super) fn networks(text: &str) -> Parsed<Vec<IpNet>> {
    let network = |text: &str| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let networks: Result<_, _> = list(text).map(network).collect();
    networks.map_err(|_| "must be networks like 10.0.0.0/8 or fd00::/8, with commas between them")
}

pub(super) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

/// One of SQLite and PostgreSQL, as [`store_url`], or KurrentDB.
pub(super) fn log_url(text: &str) -> Parsed<Secret> {
    let known = [
        "sqlite:",
        "postgres://",
        "postgresql://",
        "esdb://",
        "esdb+discover://",
        "kurrentdb://",
        "kurrentdb+discover://",
    ];
    one_of(&known, text).ok_or("must begin with sqlite:, postgres://, esdb:// or kurrentdb:// and say where")
}

pub(super) fn store_url(text: &str) -> Parsed<Secret> {
    one_of(&["sqlite:", "postgres://", "postgresql://"], text)
        .ok_or("must begin with sqlite: or postgres:// and say where")
}

/// One server or several with commas between them; NATS finds the rest of its cluster by itself.
pub(super) fn nats_url(text: &str) -> Parsed<Secret> {
    let each = |url| one_of(&["nats://", "tls://"], url).is_some();
    match list(text).count() > 0 && list(text).all(each) {
        true => Ok(Secret::new(text)),
        false => Err("must begin with nats:// or tls:// and say where; several with commas between them"),
    }
}

pub(super) fn nats_replicas(text: &str) -> Parsed<usize> {
    text.parse().ok().filter(|replicas| (1..=5).contains(replicas)).ok_or("must be 1 to 5")
}

pub(super) fn redis_url(text: &str) -> Parsed<Secret> {
    one_of(&["redis://", "rediss://", "valkey://", "valkeys://"], text)
        .ok_or("must begin with redis:// or rediss:// and say where")
}

pub(super) fn smtp_url(text: &str) -> Parsed<Secret> {
    let wrong = "must be like smtps://user:password@mail.example.com, without path or query";
    let url = url::Url::parse(text).map_err(|_| wrong)?;
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    match url.scheme() {
        "smtp" | "smtps" if bare && url.host_str().is_some_and(|host| !host.is_empty()) => {
            Ok(Secret::new(text))
        }
        _ => Err(wrong),
    }
}

/// An address, alone or behind a name: `Example <id@example.com>`.
pub(super) fn mail_from(text: &str) -> Parsed<String> {
    let wrong = "must be like id@example.com or Example <id@example.com>";
    let address = match text.split_once('<') {
        Some((_, address)) => address.strip_suffix('>').ok_or(wrong)?,
        None => text,
    };
    let (local, domain) = address.rsplit_once('@').ok_or(wrong)?;
    let plain =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_graphic() && !"<>@,".contains(c));
    if plain(local) && plain(domain) && text.len() <= 320 && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(wrong)
    }
}

pub(super) fn collector_url(text: &str) -> Parsed<Secret> {
    one_of(&["http://", "https://"], text).ok_or("must begin with http:// or https:// and say where")
}

pub(super) fn sentry_dsn(text: &str) -> Parsed<Secret> {
    match reports_to_somebody(text) {
        true => Ok(Secret::new(text)),
        false => Err("must be like https://KEY@HOST/PROJECT"),
    }
}

/// A number from 0 to 1, in millionths.
pub(super) fn share_ppm(text: &str) -> Parsed<u32> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.map(|share| (share * 1e6).round() as u32).ok_or("must be a number from 0 to 1")
}

/// The whole URL, when it has one of these beginnings and goes on after it.
fn one_of(beginnings: &[&str], url: &str) -> Option<Secret> {
    let rest = beginnings.iter().find_map(|beginning| url.strip_prefix(beginning))?;
    (!rest.is_empty()).then(|| Secret::new(url))
}

pub(super) fn registration(text: &str) -> Parsed<Registration> {
    match text {
        "open" => Ok(Registration::Open),
        "closed" => Ok(Registration::Closed),
        "verified" => Ok(Registration::Verified),
        _ => Err("must be open, verified or closed"),
    }
}

/// A whole number and its unit: `s`, `m`, `h` or `d`.
pub(super) fn duration(text: &str) -> Parsed<Duration> {
    let wrong = "must be a whole number and its unit, like 10s, 15m, 12h or 30d";
    let unit = text.chars().last().ok_or(wrong)?;
    let digits = &text[..text.len() - unit.len_utf8()];
    let unit_seconds = match unit {
        's' => 1,
        'm' => MINUTE_SECONDS,
        'h' => HOUR_SECONDS,
        'd' => DAY_SECONDS,
        _ => return Err(wrong),
    };
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| plain).ok_or(wrong)?;
    let seconds = number.checked_mul(unit_seconds).filter(|seconds| *seconds <= 36_500 * DAY_SECONDS);
    seconds.map(Duration::from_secs).ok_or("must be at most 36500d")
}

fn duration_within(text: &str, least: u64, most: u64, wrong: &'static str) -> Parsed<Duration> {
    let span = duration(text)?;
    if (least..=most).contains(&span.as_secs()) { Ok(span) } else { Err(wrong) }
}

/// At most an hour: revoked sessions are remembered for as long as their tokens could hold.
pub(super) fn access_ttl(text: &str) -> Parsed<Duration> {
    duration_within(text, 1, HOUR_SECONDS, "must be 1s to 1h")
}

pub(super) fn jwks_max_age(text: &str) -> Parsed<Duration> {
    duration_within(text, 1, DAY_SECONDS, "must be 1s to 1d")
}

/// At most what SP 800-63B allows for a password alone.
pub(super) fn session_ttl(text: &str) -> Parsed<Duration> {
    duration_within(text, 1, 30 * DAY_SECONDS, "must be 1s to 30d")
}

pub(super) fn session_cap(text: &str) -> Parsed<usize> {
    text.parse().ok().filter(|cap| (1..=1_000).contains(cap)).ok_or("must be 1 to 1000")
}

pub(super) fn refresh_grace(text: &str) -> Parsed<Duration> {
    duration_within(text, 0, 10, "must be 0s to 10s")
}

/// At most an hour: what is asked for then is asked for by whoever is still there.
pub(super) fn fresh_auth(text: &str) -> Parsed<Duration> {
    duration_within(text, MINUTE_SECONDS, HOUR_SECONDS, "must be 1m to 1h")
}

/// At least the cheapest of what OWASP's Password Storage page calls equal, and at most 1 GiB.
pub(super) fn argon2(text: &str) -> Parsed<Argon2Params> {
    let wrong = "must be like m=19456,t=2,p=1: KiB of memory, passes, lanes";
    let mut numbers = [0_u32; 3];
    let mut parts = text.split(',');
    for (number, name) in numbers.iter_mut().zip(["m=", "t=", "p="]) {
        let digits = parts.next().and_then(|part| part.trim().strip_prefix(name)).ok_or(wrong)?;
        *number = digits.parse().map_err(|_| wrong)?;
    }
    let [memory_kib, iterations, parallelism] = numbers;
    if parts.next().is_some() {
        return Err(wrong);
    }
    let bounded = memory_kib <= 1 << 20 && (1..=64).contains(&iterations) && (1..=16).contains(&parallelism);
    let work_kib = u64::from(memory_kib) * u64::from(iterations);
    if !bounded || memory_kib < 7_168 || work_kib < 35_840 {
        return Err(
            "must cost at least as much as m=7168,t=5,p=1, with m up to 1048576, t up to 64 and p up to 16",
        );
    }
    Ok(Argon2Params { memory_kib, iterations, parallelism })
}

/// From 8, if a second factor is demanded of everybody: `Config::read` looks at both.
pub(super) fn password_min(text: &str) -> Parsed<usize> {
    text.parse().ok().filter(|least| (8..=64).contains(least)).ok_or("must be 8 to 64")
}

pub(super) fn on_off(text: &str) -> Parsed<bool> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("must be on or off"),
    }
}

pub(super) fn log_format(text: &str) -> Parsed<LogFormat> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be text or json"),
    }
}
