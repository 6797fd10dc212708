//! The limits, all of them, and why they are what they are.

use super::gcra::Quota;
use crate::rate_limit::Limit;
use http::Method;
use std::time::Duration;

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Whatever looks at a password, sets one, or has a mail sent, by subscriber.
    Credentials,
    /// Exchanging and giving back refresh tokens, by subscriber.
    Refreshes,
    /// Commands, by the person who is signed in.
    Commands,
    /// Everything else, by subscriber.
    Requests,
}

/// Where a class is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// By all processes together.
    Together,
    /// By each process for itself.
    Apart,
}

/// What belongs to [`Class::Credentials`] and to [`Class::Refreshes`], as its method and its route.
const ROUTES: [(Class, &str, &str); 13] = [
    (Class::Credentials, "POST", "/api/v1/auth/login"),
    (Class::Credentials, "POST", "/api/v1/auth/register"),
    (Class::Credentials, "POST", "/api/v1/auth/password"),
    (Class::Credentials, "POST", "/api/v1/auth/password/forgot"),
    (Class::Credentials, "POST", "/api/v1/auth/password/reset"),
    (Class::Credentials, "POST", "/api/v1/auth/email"),
    (Class::Credentials, "POST", "/api/v1/auth/email/verification"),
    (Class::Credentials, "POST", "/api/v1/auth/email/verify"),
    (Class::Credentials, "POST", "/api/v1/auth/reauthenticate"),
    (Class::Credentials, "DELETE", "/api/v1/auth/factors/totp"),
    (Class::Credentials, "DELETE", "/api/v1/auth/me"),
    (Class::Refreshes, "POST", "/api/v1/auth/refresh"),
    (Class::Refreshes, "POST", "/api/v1/auth/logout"),
];

/// Asked for by machines that must not be turned away from a process under load: that is when they are needed.
const FREE: [&str; 3] = ["/health", "/health/ready", "/metrics"];

impl Class {
    /// Where a request belongs by its route; `None` when it is not counted.
    ///
    /// It is the route that decides and never the path as it was sent, so that no way of writing a path is a bucket of
    /// its own. What leads nowhere is counted, too.
    #[must_use]
    pub fn of(method: &Method, route: Option<&str>) -> Option<Class> {
        let Some(route) = route else { return Some(Class::Requests) };
        if FREE.contains(&route) {
            return None;
        }
        let listed = ROUTES.iter().find(|(_, verb, path)| *path == route && *verb == method.as_str());
        Some(listed.map_or(Class::Requests, |(class, ..)| *class))
    }

    /// The methods and routes that have a class of their own, and which.
    pub fn routes() -> impl Iterator<Item = (Class, &'static str, &'static str)> {
        ROUTES.into_iter()
    }

    /// How often.
    ///
    /// - `credentials`: each costs a password hash, some 16 ms of a core, so one subscriber takes at most 1.6 % of a
    ///   core for long. Forty at once is an office that comes to work. What guesses at one account is throttled far
    ///   sooner, by account, in the vault; this is for those who try each of many accounts once.
    /// - `refreshes`: their tokens cannot be guessed, so this only bounds the appends. Six thousand front ends behind
    ///   one address refresh ten times a second when a token holds ten minutes.
    /// - `commands`: nobody's hands are as fast. A program that creates accounts does 180,000 in an hour.
    /// - `requests`: a process answers tens of thousands a second. One subscriber may have a thousand of them, a front
    ///   end that asks in its users' place included.
    pub(super) const fn quota(self) -> Quota {
        match self {
            Class::Credentials => Quota { burst: 40, interval: Duration::from_secs(1) },
            Class::Refreshes => Quota { burst: 300, interval: Duration::from_millis(100) },
            Class::Commands => Quota { burst: 500, interval: Duration::from_millis(20) },
            Class::Requests => Quota { burst: 2_000, interval: Duration::from_millis(1) },
        }
    }

    /// How often, as clients are told.
    pub(super) const fn limit(self) -> Limit {
        let quota = self.quota();
        Limit { name: self.name(), quota: quota.burst, window: quota.span() }
    }

    /// Asking Valkey takes a tenth of a millisecond. That is nothing beside a hash or an append, and there the sum over
    /// all processes matters. A read takes a fiftieth of it, and its limit protects the one process that answers it.
    pub(super) const fn counted(self) -> Counted {
        match self {
            Class::Credentials | Class::Refreshes | Class::Commands => Counted::Together,
            Class::Requests => Counted::Apart,
        }
    }

    /// As it stands in headers, metrics and keys.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Class::Credentials => "credentials",
            Class::Refreshes => "refreshes",
            Class::Commands => "commands",
            Class::Requests => "requests",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Class; 4] = [Class::Credentials, Class::Refreshes, Class::Commands, Class::Requests];

    #[test]
    fn the_contract_tells_each_limit() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/API.md"))
            .expect("docs/API.md");
        for class in ALL {
            let Quota { burst, interval } = class.quota();
            let row = format!("| `{}` | {burst} | {} |", class.name(), 1_000 / interval.as_millis());
            assert!(page.contains(&row), "docs/API.md lacks {row}");
        }
    }

    #[test]
    fn a_route_decides_and_machines_are_not_counted() {
        let class = |method, route| Class::of(&method, route);
        assert_eq!(class(Method::POST, Some("/api/v1/auth/login")), Some(Class::Credentials));
        assert_eq!(class(Method::GET, Some("/api/v1/auth/me")), Some(Class::Requests));
        assert_eq!(class(Method::DELETE, Some("/api/v1/auth/me")), Some(Class::Credentials));
        assert_eq!(class(Method::POST, Some("/api/v1/auth/refresh")), Some(Class::Refreshes));
        assert_eq!(class(Method::GET, None), Some(Class::Requests));
        for free in FREE {
            assert_eq!(class(Method::GET, Some(free)), None);
        }
    }
}
