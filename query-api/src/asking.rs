//! Who asks, and what they already know: the extractors that handlers name.
//!
//! A caller is checked against the feed, after the feed has come as far as the caller's `Evident-Min-Position`:
//! whoever knows that somebody was suspended never sees that somebody admitted.

use crate::{app::App, failure::Failure, respond::Reached};
use axum::extract::FromRequestParts;
use events::Position;
use http::{HeaderMap, request::Parts};
use service::{
    Code, Problem,
    api_key::ApiKey,
    caller::{Principal, bearer},
    extract::{RequestInfo, asked_by, counted_as, signed_in_as},
    shared::{Class, Who},
    token::Claims,
};
use std::{sync::Arc, time::Duration};

/// When the feed was complete longer ago than this, nobody is admitted: a revocation may have been missed.
pub(crate) const OLDEST_FEED: Duration = Duration::from_secs(30);

/// A token that holds, of a session that stands. Whether its person has shown a second factor that is demanded of them is
/// not asked: for what somebody needs to see who has yet to set one up.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    /// What the token says.
    pub(crate) claims: Arc<Claims>,
    /// What the asker already knows; the beginning when they do not say.
    pub(crate) minimum: Position,
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        if asked_with_key(&parts.headers) {
            // A program whose key holds is told that this is not for it.
            with_key(parts, app).await?.person()?;
        }
        let token = app.browsers().access_token(&parts.method, &parts.headers)?;
        let claims = app.keys().verify(token, app.clock()).await?;
        let minimum = minimum(app, &parts.headers)?;
        in_force(app, minimum).await?;
        app.access().admit(&claims)?;
        signed_in_as(&parts.extensions, claims.sub);
        Ok(Self { claims, minimum })
    }
}

impl FromRequestParts<App> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let known = match asked_with_key(&parts.headers) {
            true => with_key(parts, app).await,
            false => {
                let signed_in = SignedIn::from_request_parts(parts, app).await;
                signed_in.map(|SignedIn { claims, .. }| Principal::Person(app.access().caller(&claims)))
            }
        };
        let principal = known.map_err(|Failure(problem)| problem)?;
        principal.must_have_second_factor()?;
        Ok(principal)
    }
}

fn asked_with_key(headers: &HeaderMap) -> bool {
    bearer(headers).is_ok_and(ApiKey::is_meant_by)
}

/// A program that asks with an API key, counted by it.
async fn with_key(parts: &Parts, app: &App) -> Result<Principal, Failure> {
    in_force(app, minimum(app, &parts.headers)?).await?;
    let info = RequestInfo::of(&parts.extensions, &parts.headers);
    let caller = app.access().services().admit(app, bearer(&parts.headers)?, &info).await?;
    asked_by(&parts.extensions, caller.key_id);
    counted_as(&parts.extensions, Class::Requests, Who::Key(caller.key_id)).await?;
    Ok(Principal::Service(caller))
}

/// Answers once what was revoked up to `minimum` is in force here, and is known to be.
async fn in_force(app: &App, minimum: Position) -> Result<(), Failure> {
    app.waits().until_in_force(app.feed(), minimum).await?;
    match app.is_current() {
        true => Ok(()),
        false => Err(Problem::new(Code::Unavailable).into()),
    }
}

impl FromRequestParts<App> for Reached {
    type Rejection = Failure;

    /// MUST be named after the caller, so that nobody waits who may not ask.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let minimum = minimum(app, &parts.headers)?;
        app.waits().until_shown(minimum).await?;
        Ok(Reached(minimum))
    }
}

/// What the asker already knows; the beginning when they do not say.
pub(crate) fn minimum(app: &App, headers: &HeaderMap) -> Result<Position, Failure> {
    Ok(app.positions().wanted(headers)?.unwrap_or(Position::START))
}
