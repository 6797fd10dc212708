//! Where a request comes from, and under which id it is known.

use crate::{
    http::Limits,
    problem::Problem,
    rate_limit::Left,
    shared::{Class, Limiter, Who},
    telemetry::current_traceparent,
};
use axum::extract::FromRequestParts;
use events::{Actor, KeyId, Network, UserId};
use http::{Extensions, HeaderMap, HeaderValue, header::USER_AGENT, request::Parts};
use ipnet::IpNet;
use std::{
    convert::Infallible,
    net::IpAddr,
    sync::{Arc, OnceLock},
};

/// The longest name of a client that is kept, in bytes.
const MAX_USER_AGENT_BYTES: usize = 512;

/// What the frame knows about a request, and learns from its handler.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) id: HeaderValue,
    pub(crate) peer: Option<IpAddr>,
    pub(crate) limits: Limits,
    pub(crate) proxies: Arc<[IpNet]>,
    pub(crate) limiter: Limiter,
    pub(crate) user: OnceLock<UserId>,
    pub(crate) key: OnceLock<KeyId>,
    /// What is left to whoever asks, beside what is left to where they ask from.
    pub(crate) left: OnceLock<Left>,
}

impl Asked {
    /// Of the request with these extensions; `None` when it did not come through a frame.
    pub(crate) fn of(extensions: &Extensions) -> Option<&Arc<Asked>> {
        extensions.get()
    }

    /// The request's id. The frame only takes or makes ids that are texts.
    pub(crate) fn id(&self) -> &str {
        self.id.to_str().unwrap_or_default()
    }

    /// The client's address, as far as trusted proxies can be believed.
    pub(crate) fn client(&self, headers: &HeaderMap) -> Option<IpAddr> {
        self.peer.map(|peer| client(peer, headers, &self.proxies))
    }
}

/// Notes who is signed in, for the request's line in the log.
pub fn signed_in_as(extensions: &Extensions, user: UserId) {
    if let Some(asked) = Asked::of(extensions) {
        // Whoever asks is the same person to the end of the request.
        let _ = asked.user.set(user);
    }
}

/// Notes which API key asks, for the request's line in the log.
pub fn asked_by(extensions: &Extensions, key: KeyId) {
    if let Some(asked) = Asked::of(extensions) {
        // As above.
        let _ = asked.key.set(key);
    }
}

/// Counts a request of this class as theirs. Nothing that cannot be shared is kept while Valkey is asked.
///
/// # Errors
///
/// `too-many-requests` when they have sent too many of late.
pub fn counted_as(
    extensions: &Extensions,
    class: Class,
    who: Who,
) -> impl Future<Output = Result<(), Problem>> + Send + use<> {
    let asked = Asked::of(extensions).map(Arc::clone);
    async move {
        match asked {
            Some(asked) => {
                if let Some(left) = asked.limiter.admit(class, who).await? {
                    // A request is counted as somebody's once.
                    let _ = asked.left.set(left);
                }
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// Where a request comes from, and under which id it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestInfo {
    /// Its id, 1 to 64 of `A-Za-z0-9_-`: the client's, or made here.
    pub id: String,
    /// The W3C trace that it belongs to, when it does: the client's, or our own span of it where that is recorded.
    pub traceparent: Option<String>,
    /// The client's address, as far as trusted proxies can be believed.
    pub ip: Option<IpAddr>,
    /// The client's own name for itself, at most 512 bytes.
    pub user_agent: Option<String>,
}

impl RequestInfo {
    /// Of the request with these extensions and headers.
    #[must_use]
    pub fn of(extensions: &Extensions, headers: &HeaderMap) -> Self {
        let asked = Asked::of(extensions);
        Self {
            id: asked.map(|asked| asked.id().to_owned()).unwrap_or_default(),
            // What is recorded of this request stands between the client and what follows from it.
            traceparent: current_traceparent().or_else(|| traceparent(headers).map(str::to_owned)),
            ip: asked.and_then(|asked| asked.client(headers)),
            user_agent: user_agent(headers),
        }
    }

    /// The context of the events that this request leads to.
    #[must_use]
    pub fn context(&self, actor: Actor) -> events::RequestContext {
        events::RequestContext {
            actor,
            correlation_id: self.id.clone(),
            causation_id: None,
            traceparent: self.traceparent.clone(),
        }
    }

    /// The network facts of the events that this request leads to.
    #[must_use]
    pub fn network(&self) -> Network {
        Network { ip: self.ip.map(|ip| ip.to_string()), user_agent: self.user_agent.clone() }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestInfo {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions, &parts.headers))
    }
}

/// The first address, from our side, that is not a trusted proxy's. Whatever stands before it anybody may have written.
fn client(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let trusted = |ip: &IpAddr| proxies.iter().any(|network| network.contains(ip));
    let mut client = peer.to_canonical();
    let lines: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().map(|line| line.to_str().unwrap_or("?")).collect();
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        if !trusted(&client) {
            break;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(ip) => client = ip.to_canonical(),
            Err(_) => break,
        }
    }
    client
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(USER_AGENT)?.to_str().ok()?.trim();
    // A header's text is ASCII here, so any byte is a boundary.
    (!text.is_empty()).then(|| text[..text.len().min(MAX_USER_AGENT_BYTES)].to_owned())
}

/// Version 00 of the W3C's Trace Context, §3.2; anything else is as if it were not there.
pub(crate) fn traceparent(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all("traceparent").iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let text = value.to_str().ok()?;
    let mut parts = text.split('-');
    let version = hex(parts.next(), 2)?;
    let (trace, parent) = (hex(parts.next(), 32)?, hex(parts.next(), 16)?);
    hex(parts.next(), 2)?;
    let nonzero = |part: &str| part.bytes().any(|byte| byte != b'0');
    (version == "00" && parts.next().is_none() && nonzero(trace) && nonzero(parent)).then_some(text)
}

fn hex(part: Option<&str>, len: usize) -> Option<&str> {
    part.filter(|part| part.len() == len && part.bytes().all(|byte| b"0123456789abcdef".contains(&byte)))
}
