//! What browsers do by themselves, and what keeps that from harm: cookies that carry tokens, and the origins whose pages
//! may send them along.

mod cookies;
mod delivery;
mod origins;

pub use delivery::Delivery;
pub(crate) use origins::Origins;

use crate::{
    caller::bearer,
    config::Config,
    problem::{Code, Problem},
};
use cookies::Names;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header::AUTHORIZATION};
use std::time::Duration;

/// What a cookie carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    /// The access token.
    Access,
    /// The refresh token.
    Refresh,
    /// By which a device is known that somebody signed in from.
    Device,
}

/// How long a device stays known since somebody signed in from it.
pub const DEVICE_KNOWN: Duration = Duration::from_secs(90 * 24 * 60 * 60);

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// How browsers carry tokens to this installation.
#[derive(Debug, Clone)]
pub struct Browsers {
    names: Names,
    commanding: Origins,
}

impl Browsers {
    /// As configured.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let commanding = config.cors_origins.iter().cloned().chain([config.public_origin()]);
        Self { names: Names::of(&config.public_url), commanding: Origins::new(commanding) }
    }

    /// The access token of a request: its header, which somebody put there, before its cookie, which the browser did.
    ///
    /// # Errors
    ///
    /// As [`bearer`]; `cross-site` when a page that is not listed sent a command with the cookie alone.
    pub fn access_token<'a>(&self, method: &Method, headers: &'a HeaderMap) -> Result<&'a str, Problem> {
        if headers.contains_key(AUTHORIZATION) {
            return bearer(headers);
        }
        let token = self.names.read(Cookie::Access, headers)?.ok_or(Code::Unauthenticated)?;
        if !method.is_safe() {
            self.must_be_ours(headers)?;
        }
        Ok(token)
    }

    /// The refresh token that came as a cookie, when one did. It is for commands alone.
    ///
    /// # Errors
    ///
    /// `malformed-request` when there are two, `cross-site` when a page that is not listed sent it.
    pub fn refresh_token<'a>(&self, headers: &'a HeaderMap) -> Result<Option<&'a str>, Problem> {
        let token = self.names.read(Cookie::Refresh, headers)?;
        if token.is_some() {
            self.must_be_ours(headers)?;
        }
        Ok(token)
    }

    /// By which the device is known, when the browser says so. Nobody is refused for what is wrong with it.
    #[must_use]
    pub fn device<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        self.names.read(Cookie::Device, headers).ok().flatten()
    }

    /// Refuses what a page sent that is not listed, and what does not say where it is from: a cookie goes along with
    /// either.
    ///
    /// # Errors
    ///
    /// `cross-site`.
    pub fn must_be_ours(&self, headers: &HeaderMap) -> Result<(), Problem> {
        match self.commanding.sent(headers) {
            true => Ok(()),
            false => Err(Problem::new(Code::CrossSite)),
        }
    }

    /// Gives the browser a cookie for as long as what it carries is good.
    pub fn set(&self, answer: &mut HeaderMap, cookie: Cookie, value: &str, lives: Duration) {
        self.names.set(answer, cookie, value, lives);
    }

    /// Takes back whatever signs the browser in, and what it keeps of the answers. The device stays known: who signs out
    /// comes back to it. `"cookies"` would reach further than Evident, to every cookie of the registrable domain.
    pub fn sign_out(&self, answer: &mut HeaderMap) {
        self.names.set(answer, Cookie::Access, "", Duration::ZERO);
        self.names.set(answer, Cookie::Refresh, "", Duration::ZERO);
        answer.insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"cache\", \"storage\""));
    }

    /// The name of a cookie, for whoever describes it.
    #[must_use]
    pub fn name(&self, cookie: Cookie) -> String {
        self.names.name(cookie)
    }
}

#[cfg(test)]
mod tests;
