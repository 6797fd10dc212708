//! A command as it arrived: who asks, what they ask for, and what makes a second try of it the same command.

use crate::{App, caller::Standing, failure::Failure, ids::Ids};
use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, OptionalFromRequestParts, Request},
};
use events::{Actor, Network, RequestContext, UserId, Version};
use http::{Extensions, HeaderMap, Method, header::CONTENT_TYPE, request::Parts};
use serde::de::DeserializeOwned;
use service::{
    caller::{Caller, Principal},
    extract::{
        self, IdempotencyKey, IfMatch, Json, RequestInfo, Room, asked_by, counted_as, read_body, signed_in_as,
    },
    problem::{Code, Problem},
    shared::{Class, Who},
};
use std::net::IpAddr;
use store::vault::Remembered;

/// A command of somebody who is signed in, or of a program with an API key.
pub(crate) struct Permitted<B> {
    pub(crate) by: Principal,
    pub(crate) asked: Asked,
    pub(crate) body: B,
}

/// A command of somebody who is signed in. Programs are refused: it is for people alone. So is, as with [`Permitted`], who
/// has not shown the second factor that is demanded of them.
pub(crate) struct Signed<B> {
    pub(crate) by: Caller,
    pub(crate) asked: Asked,
    pub(crate) body: B,
}

/// A command of somebody who proved only a while ago who they are (`EVIDENT_FRESH_AUTH`): for what a token that was
/// stolen, or a screen that was left open, must not be enough for. Around [`Signed`] or [`Permitted`].
pub(crate) struct Fresh<C>(pub(crate) C);

/// A command of somebody who may have yet to show the second factor that is demanded of them: for what leads there, and for
/// leaving. Around [`Signed`].
pub(crate) struct Unproven<C>(pub(crate) C);

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
    pub(crate) context: RequestContext,
    pub(crate) network: Network,
    pub(crate) source: Option<IpAddr>,
    /// Who asked, if they are to be held to what was known of them.
    pub(crate) standing: Option<Standing>,
    if_match: IfMatch,
    /// What a file that came with it takes in memory.
    _room: Option<Room>,
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
        let network = Network::UNKNOWN;
        let if_match = IfMatch::Absent;
        Self { ids, context, network, source: None, standing: None, if_match, _room: None }
    }

    /// What follows from the command, with ids of its own. Nobody holds it to a version, and it is done whatever has
    /// become of who asked.
    pub(crate) fn then(&self, what: &'static str) -> Self {
        Self { ids: self.ids.then(what), standing: None, if_match: IfMatch::Absent, ..self.clone() }
    }

    /// The nth of the many things that the command does.
    pub(crate) fn nth(&self, n: usize) -> Self {
        Self { ids: self.ids.nth(n), if_match: IfMatch::Absent, ..self.clone() }
    }

    /// As if it had come without an `Idempotency-Key`.
    pub(crate) fn unkeyed(self, app: &App) -> Self {
        Self { ids: Ids::new(app.entropy.bytes(), app.clock.now()), ..self }
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
        signed(request, app, Caller::must_have_second_factor).await
    }
}

impl<B: FromRequest<(), Rejection = Problem>> FromRequest<App> for Unproven<Signed<B>> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        Ok(Self(signed(request, app, |_| Ok(())).await?))
    }
}

impl<B: FromRequest<(), Rejection = Problem>> FromRequest<App> for Permitted<B> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        permitted(request, app, |_| Ok(())).await
    }
}

impl<B: FromRequest<(), Rejection = Problem>> FromRequest<App> for Fresh<Signed<B>> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let command = Signed::from_request(request, app).await?;
        app.must_be_fresh(&Principal::Person(command.by.clone()))?;
        Ok(Self(command))
    }
}

impl<B: FromRequest<(), Rejection = Problem>> FromRequest<App> for Fresh<Unproven<Signed<B>>> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let command = Unproven::<Signed<B>>::from_request(request, app).await?;
        app.must_be_fresh(&Principal::Person(command.0.by.clone()))?;
        Ok(Self(command))
    }
}

impl<B: FromRequest<(), Rejection = Problem>> FromRequest<App> for Fresh<Permitted<B>> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let command = Permitted::from_request(request, app).await?;
        app.must_be_fresh(&command.by)?;
        Ok(Self(command))
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let standing = app.standing(&parts.method, &parts.extensions, &parts.headers).await?;
        parts.extensions.insert(standing);
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

/// A command of a person whom `admits` lets by, before anything that they sent is looked at.
async fn signed<B: FromRequest<(), Rejection = Problem>>(
    request: Request,
    app: &App,
    admits: fn(&Caller) -> Result<(), Problem>,
) -> Result<Signed<B>, Failure> {
    let standing = asking(request.method(), request.extensions(), request.headers(), app).await?;
    let by = standing.by.clone().person()?;
    admits(&by)?;
    let (asked, body) = read(request, app, Actor::User(by.user_id)).await?;
    Ok(Signed { by, asked: Asked { standing: Some(standing), ..asked }, body })
}

/// A command of whom `admits` lets by, before anything that they sent is looked at.
pub(crate) async fn permitted<B: FromRequest<(), Rejection = Problem>>(
    request: Request,
    app: &App,
    admits: impl FnOnce(&Principal) -> Result<(), Failure>,
) -> Result<Permitted<B>, Failure> {
    let standing = asking(request.method(), request.extensions(), request.headers(), app).await?;
    let by = standing.by.clone();
    by.must_have_second_factor()?;
    admits(&by)?;
    let (asked, body) = read(request, app, by.actor()).await?;
    Ok(Permitted { by, asked: Asked { standing: Some(standing), ..asked }, body })
}

/// Whoever asks, counted.
async fn asking(
    method: &Method,
    extensions: &Extensions,
    headers: &HeaderMap,
    app: &App,
) -> Result<Standing, Failure> {
    // Whoever has looked at the path has been looked at.
    let standing = match extensions.get::<Standing>().cloned() {
        Some(standing) => standing,
        None => app.standing(method, extensions, headers).await?,
    };
    let who = match &standing.by {
        Principal::Person(caller) => {
            signed_in_as(extensions, caller.user_id);
            Who::User(caller.user_id)
        }
        Principal::Service(caller) => {
            asked_by(extensions, caller.key_id);
            Who::Key(caller.key_id)
        }
    };
    counted_as(extensions, Class::Commands, who).await?;
    Ok(standing)
}

async fn read<B: FromRequest<(), Rejection = Problem>>(
    request: Request,
    app: &App,
    actor: Actor,
) -> Result<(Asked, B), Failure> {
    let room = Room::of(&request)?;
    let (mut parts, body) = request.into_parts();
    let Ok(info) = RequestInfo::from_request_parts(&mut parts, &()).await;
    let if_match = IfMatch::from_request_parts(&mut parts, &()).await?;
    let key = IdempotencyKey::from_request_parts(&mut parts, &()).await?;
    let mut request = Request::from_parts(parts, body);
    let ids = match key {
        None => Ids::new(app.entropy.bytes(), app.clock.now()),
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
    let asked = Asked { ids, context, network, source: info.ip, standing: None, if_match, _room: room };
    Ok((asked, body))
}

/// The ids of the first command with this key by this caller on this route; refused when its body was another.
async fn remembered(
    app: &App,
    actor: Actor,
    key: &IdempotencyKey,
    route: [&str; 2],
    body: &Bytes,
) -> Result<Ids, Failure> {
    let actor = actor.to_string();
    let scope = [actor.as_str(), route[0], route[1], &key.0].map(str::as_bytes);
    let key = app.vault.keyed_hash("idempotency key", &scope);
    let body = app.vault.keyed_hash("idempotent body", &[body]);
    match app.vault.remember_request(&key, &body, app.entropy.bytes(), app.clock.now()).await? {
        Remembered::First { seed, at } => Ok(Ids::new(seed, at)),
        Remembered::Again { seed, at } => Ok(Ids::again(seed, at)),
        Remembered::OtherBody => Err(Failure::new(Code::IdempotencyKeyReused)),
    }
}
