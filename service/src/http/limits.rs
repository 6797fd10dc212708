//! How long and how much: every wait and every size at the edge has a bound.

use crate::config::Config;
use std::time::Duration;

/// The bounds. Tests shorten them; `Default` is what is served with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For a request's head to arrive, from the connection's beginning or the end of the request before.
    pub head: Duration,
    /// For a body to arrive.
    pub body: Duration,
    /// For a handler to answer, its body read included.
    pub answer: Duration,
    /// For what is under way to end when the process stops.
    pub drain: Duration,
    /// Connections at a time. The next one waits for one of them to end.
    pub connections: usize,
    /// Connections at a time from one source. The next one is closed. Trusted proxies are no source.
    pub connections_per_source: usize,
}

impl Limits {
    /// As configured.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let limits = Self::default();
        match config.rate_limits {
            true => limits,
            false => Self { connections_per_source: limits.connections, ..limits },
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(5),
            body: Duration::from_secs(8),
            answer: Duration::from_secs(15),
            drain: Duration::from_secs(10),
            connections: 4_096,
            connections_per_source: 1_024,
        }
    }
}

/// The longest address of a request, in bytes.
pub(crate) const MAX_URI_BYTES: usize = 8 * 1024;
/// The most header lines.
pub(crate) const MAX_HEADERS: usize = 64;
/// The most bytes of all header lines.
pub(crate) const MAX_HEADER_BYTES: usize = 16 * 1024;
