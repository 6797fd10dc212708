//! How limits are told: `RateLimit-Policy` and `RateLimit`, as `draft-ietf-httpapi-ratelimit-headers-10` writes them. What is
//! limited and counted is in `shared`.

use http::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;

pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// How often something may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What clients know it by: a plain word.
    pub name: &'static str,
    /// How many attempts at once …
    pub quota: u32,
    /// … and in how long as many again.
    pub window: Duration,
}

/// What is left of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Of which.
    pub limit: Limit,
    /// How many more attempts may come at once.
    pub attempts: u32,
    /// In how long there is one more.
    pub more_in: Duration,
}

impl Left {
    fn policy(&self) -> String {
        let Limit { name, quota, window } = self.limit;
        format!("\"{name}\";q={quota};w={}", window.as_secs())
    }

    fn told(&self) -> String {
        format!("\"{}\";r={};t={}", self.limit.name, self.attempts, whole_seconds(self.more_in))
    }
}

/// Says what is left of these limits, unless the headers tell of one already: what refused a request is what matters to
/// it.
pub(crate) fn tell(headers: &mut HeaderMap, left: &[Left]) {
    if left.is_empty() || headers.contains_key(RATE_LIMIT) {
        return;
    }
    let list = |told: fn(&Left) -> String| left.iter().map(told).collect::<Vec<_>>().join(", ");
    for (name, text) in [(RATE_LIMIT_POLICY, list(Left::policy)), (RATE_LIMIT, list(Left::told))] {
        // Names of limits are plain words, so this is always a header's value.
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
}

/// Never less than what was meant.
pub(crate) fn whole_seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}
