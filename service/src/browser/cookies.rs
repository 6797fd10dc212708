//! Cookies as RFC 6265bis has them: how they are named, read and set.

use super::Cookie;
use crate::problem::{Code, Problem};
use http::{
    HeaderMap, HeaderValue, Uri,
    header::{COOKIE, SET_COOKIE},
};
use std::{net::IpAddr, time::Duration};

/// How cookies are named here. Only what clients are to call us by decides, never what one of them says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// `__Host-`: set over https by this very host, for all of its paths, or by nobody.
    Host,
    /// Over plain http on a loopback, where browsers would not keep the others. For developing only.
    Loopback,
}

impl Names {
    pub(super) fn of(public_url: &str) -> Self {
        let url: Option<Uri> = public_url.parse().ok();
        let plain = url.as_ref().and_then(Uri::scheme_str) == Some("http");
        match url.as_ref().and_then(Uri::host).filter(|_| plain).is_some_and(is_loopback) {
            true => Names::Loopback,
            false => Names::Host,
        }
    }

    pub(super) fn name(self, cookie: Cookie) -> String {
        format!("{}{}", self.prefix(), bare_name(cookie))
    }

    /// The value of the only cookie of this name; `None` when there is none.
    ///
    /// A browser sends one. Two are a neighbour's attempt to slip in another, and no order of them is to be trusted.
    pub(super) fn read(self, cookie: Cookie, headers: &HeaderMap) -> Result<Option<&str>, Problem> {
        let mut found = None;
        for line in headers.get_all(COOKIE) {
            let pairs = line.as_bytes().split(|byte| *byte == b';');
            for pair in pairs.map(<[u8]>::trim_ascii) {
                let Some(value) = self.value(cookie, pair) else { continue };
                if found.replace(str::from_utf8(value).unwrap_or_default()).is_some() {
                    return Err(
                        Problem::new(Code::MalformedRequest).detail("There are two cookies of one name.")
                    );
                }
            }
        }
        Ok(found.filter(|value| !value.is_empty()))
    }

    fn value(self, cookie: Cookie, pair: &[u8]) -> Option<&[u8]> {
        let rest = pair.strip_prefix(self.prefix().as_bytes())?;
        rest.strip_prefix(bare_name(cookie).as_bytes())?.strip_prefix(b"=")
    }

    /// `value` MUST be of letters that need no quotes, as tokens are.
    pub(super) fn set(self, answer: &mut HeaderMap, cookie: Cookie, value: &str, lives: Duration) {
        let secure = match self {
            Names::Host => "; Secure",
            Names::Loopback => "",
        };
        let (name, max_age) = (self.name(cookie), lives.as_secs());
        let text = format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly{secure}; SameSite=Lax");
        if let Ok(mut text) = HeaderValue::try_from(text) {
            text.set_sensitive(true);
            answer.append(SET_COOKIE, text);
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Names::Host => "__Host-",
            Names::Loopback => "",
        }
    }
}

const fn bare_name(cookie: Cookie) -> &'static str {
    match cookie {
        Cookie::Access => "evident_access",
        Cookie::Refresh => "evident_refresh",
        Cookie::Device => "evident_device",
    }
}

/// Whether a URL's host is this machine by name or address.
fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}
