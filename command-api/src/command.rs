//! A command as it arrived: who asks, what they ask for, and what makes a second try of it the same command.

use crate::{App, failure::Failure, ids::Ids};
use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, OptionalFromRequestParts, Request},
};
use events::{Actor, Network, RequestContext, UserId, Version};
use http::{header::CONTENT_TYPE, request::Parts};
use serde::de::DeserializeOwned;
use service::{
    caller::Caller,
    extract::{self, IdempotencyKey, IfMatch, Json, RequestInfo, counted_as, read_body, signed_in_as},
    problem::{Code, Problem},
};
use std::net::IpAddr;
use store::vault::Remembered;

/// A command of somebody who is signed in.
pub(crate) struct Signed<B> {
    pub(crate) by: Caller,
    pub(crate) asked: Asked,
    pub(crate) body: B,
}

/// A command that anybody may try.
pub(crate) struct Anonymous<B> {
    pub(crate) asked: Asked,
    pub(crate) body: B,
}

/// A command without a body: one that is sent was meant for something else.
pub(crate) struct Nothing;

/// What stands in the path, told to who is signed in. Whether a text could name anything is nobody else's to learn.
pub(crate) struct Path<T>(pub(crate) T);

/// A JSON body that may be left out.
pub(crate) struct Maybe<T>(pub(crate) Option<T>);

/// All about a command that is neither its caller nor its body.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) ids: Ids,
    /// It was tried before, with the same `Idempotency-Key`.
    pub(crate) again: bool,
    pub(crate) context: RequestContext,
    pub(crate) network: Network,
    pub(crate) source: Option<IpAddr>,
    if_match: IfMatch,
}

impl Asked {
    /// What Evident does by itself, or an operator at the command line.
    pub(crate) fn by_machine(app: &App, actor: Actor) -> Self {
        let ids = Ids::new(app.entropy.bytes(), app.clock.now());
        let context = RequestContext {
            actor,
            correlation_id: ids.event(0).to_string(),
            causation_id: None,
            traceparent: None,
        };
        let network = Network { ip: None, user_agent: None };
        Self { ids, again: false, context, network, source: None, if_match: IfMatch::Absent }
    }

    /// What follows from the command, with ids of its own. Nobody holds it to a version.
    pub(crate) fn then(&self, what: &'static str) -> Self {
        Self { ids: self.ids.then(what), if_match: IfMatch::Absent, ..self.clone() }
    }

    /// As if it had come without an `Idempotency-Key`.
    pub(crate) fn unkeyed(self, app: &App) -> Self {
        Self { ids: Ids::new(app.entropy.bytes(), app.clock.now()), again: false, ..self }
    }

    /// The same, by somebody who turned out to be this person.
    pub(crate) fn by(mut self, id: UserId) -> Self {
        self.context.actor = Actor::User(id);
        self
    }

    /// Holds the caller to the version that they have seen, when they say which (RFC 9110 §13.1.1).
    pub(crate) fn must_match(&self, version: Version) -> Result<(), Failure> {
        Ok(self.if_match.must_admit(version)?)
    }
}

impl<B: FromRequest<(), Rejection = Problem>> FromRequest<App> for Signed<B> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        // Whoever has looked at the path has been looked at.
        let known = request.extensions().get::<Caller>().cloned();
        let by = match known {
            Some(by) => by,
            None => app.caller(request.headers()).await?,
        };
        signed_in_as(request.extensions(), by.user_id);
        counted_as(request.extensions(), by.user_id).await?;
        let (asked, body) = read(request, app, Actor::User(by.user_id)).await?;
        Ok(Self { by, asked, body })
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let by = app.caller(&parts.headers).await?;
        parts.extensions.insert(by);
        Ok(Self(extract::Path::from_request_parts(parts, app).await?.0))
    }
}

impl<B: FromRequest<(), Rejection = Problem>> FromRequest<App> for Anonymous<B> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let (asked, body) = read(request, app, Actor::Anonymous).await?;
        Ok(Self { asked, body })
    }
}

impl<S: Send + Sync> FromRequest<S> for Nothing {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        match read_body(request).await?.is_empty() {
            true => Ok(Self),
            false => Err(Problem::new(Code::MalformedRequest).detail("This command takes no body.")),
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Maybe<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if request.headers().contains_key(CONTENT_TYPE) {
            return Ok(Self(Some(Json::from_request(request, state).await?.0)));
        }
        match read_body(request).await?.is_empty() {
            true => Ok(Self(None)),
            false => Err(Problem::new(Code::UnsupportedMediaType)),
        }
    }
}

async fn read<B: FromRequest<(), Rejection = Problem>>(
    request: Request,
    app: &App,
    actor: Actor,
) -> Result<(Asked, B), Failure> {
    let (mut parts, body) = request.into_parts();
    let Ok(info) = RequestInfo::from_request_parts(&mut parts, &()).await;
    let if_match = IfMatch::from_request_parts(&mut parts, &()).await?;
    let key = IdempotencyKey::from_request_parts(&mut parts, &()).await?;
    let mut request = Request::from_parts(parts, body);
    let (ids, again) = match key {
        None => (Ids::new(app.entropy.bytes(), app.clock.now()), false),
        Some(key) => {
            let (method, path) = (request.method().clone(), request.uri().path().to_owned());
            let (parts, body) = request.into_parts();
            let bytes = read_body(Request::from_parts(parts.clone(), body)).await?;
            request = Request::from_parts(parts, Body::from(bytes.clone()));
            remembered(app, actor, &key, [method.as_str(), &path], &bytes).await?
        }
    };
    let body = B::from_request(request, &()).await?;
    let (context, network) = (info.context(actor), info.network());
    Ok((Asked { ids, again, context, network, source: info.ip, if_match }, body))
}

/// The ids of the first command with this key by this caller on this route; refused when its body was another.
async fn remembered(
    app: &App,
    actor: Actor,
    key: &IdempotencyKey,
    route: [&str; 2],
    body: &Bytes,
) -> Result<(Ids, bool), Failure> {
    let actor = actor.to_string();
    let scope = [actor.as_str(), route[0], route[1], &key.0].map(str::as_bytes);
    let key = app.vault.keyed_hash("idempotency key", &scope);
    let body = app.vault.keyed_hash("idempotent body", &[body]);
    match app.vault.remember_request(&key, &body, app.entropy.bytes(), app.clock.now()).await? {
        Remembered::First { seed, at } => Ok((Ids::new(seed, at), false)),
        Remembered::Again { seed, at } => Ok((Ids::new(seed, at), true)),
        Remembered::OtherBody => Err(Failure::new(Code::IdempotencyKeyReused)),
    }
}
