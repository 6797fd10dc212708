//! Who asks, and what they already know: the extractors that handlers name.
//!
//! A caller is checked against the feed, after the feed has come as far as the caller's `Evident-Min-Position`:
//! whoever knows that somebody was suspended never sees that somebody admitted.

use crate::{app::App, respond::Reached};
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
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let now = app.clock().now();
        let claims = app.keys().verify(bearer(&parts.headers)?, now).await?;
        let minimum = minimum(app, &parts.headers)?;
        app.waits().until_in_force(app.feed(), minimum).await?;
        if app.feed().age(now) > OLDEST_FEED {
            return Err(Problem::new(Code::Unavailable));
        }
        app.access().admit(&claims)?;
        signed_in_as(&parts.extensions, claims.sub);
        Ok(Self { claims, minimum })
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let SignedIn { claims, .. } = SignedIn::from_request_parts(parts, app).await?;
        Ok(app.access().caller(&claims))
    }
}

impl FromRequestParts<App> for Reached {
    type Rejection = Problem;

    /// MUST be named after the caller, so that nobody waits who may not ask.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let minimum = minimum(app, &parts.headers)?;
        app.waits().until_shown(minimum).await?;
        Ok(Reached(minimum))
    }
}

/// What the asker already knows; the beginning when they do not say.
pub(crate) fn minimum(app: &App, headers: &HeaderMap) -> Result<Position, Problem> {
    Ok(app.positions().wanted(headers)?.unwrap_or(Position::START))
}
