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
    caller::{Caller, bearer},
    extract::signed_in_as,
    token::Claims,
};
use std::{sync::Arc, time::Duration};

/// When the feed was complete longer ago than this, nobody is admitted: a revocation may have been missed.
pub(crate) const OLDEST_FEED: Duration = Duration::from_secs(30);

/// A token that holds, of a session that stands.
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
        let claims = app.keys().verify(bearer(&parts.headers)?, app.clock()).await?;
        let minimum = minimum(app, &parts.headers)?;
        app.waits().until_in_force(app.feed(), minimum).await?;
        if !app.is_current() {
            return Err(Problem::new(Code::Unavailable).into());
        }
        app.access().admit(&claims)?;
        signed_in_as(&parts.extensions, claims.sub);
        Ok(Self { claims, minimum })
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match SignedIn::from_request_parts(parts, app).await {
            Ok(SignedIn { claims, .. }) => Ok(app.access().caller(&claims)),
            Err(Failure(problem)) => Err(problem),
        }
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
