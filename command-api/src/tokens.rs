//! What a sign-in and a refresh answer with.

use crate::{
    App,
    domain::{LiveSession, User},
    failure::Failure,
    respond::{Done, shown},
};
use events::{EventId, Position, Timestamp};
use http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use serde::Serialize;
use service::{
    browser::{Cookie, DEVICE_KNOWN, Delivery},
    shown,
    token::{Amr, Claims},
};
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// The tokens of a session, on their way to whoever asked for them.
pub(crate) struct Tokens {
    access_token: String,
    access_lives: Duration,
    refresh_token: String,
    refresh_lives: Duration,
    device_token: Option<String>,
    session_id: Uuid,
    user: shown::User,
}

/// Tokens, and whose they are.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub(crate) struct TokensBody {
    /// An EdDSA JWT, to be sent as `Authorization: Bearer`. Left out where it is a cookie, as are all tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// Always `Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// For how many seconds the access token is good.
    expires_in: u64,
    /// Good once, for the next pair of tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// After a sign-in: by which this device is known for 90 days. Sent along with the next sign-in, it is let in while
    /// others have locked the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_token: Option<String>,
    /// The session that both belong to.
    session_id: Uuid,
    /// Who signed in.
    user: shown::User,
}

impl Tokens {
    /// With the moment of the sign-in that this answers.
    pub(crate) fn signed_in_at(self, at: Timestamp) -> Self {
        Self { user: shown::User { last_login_at: Some(Some(at)), ..self.user }, ..self }
    }

    /// With what the device is known by from now on.
    pub(crate) fn on_device(self, device_token: String) -> Self {
        Self { device_token: Some(device_token), ..self }
    }

    /// 200 with the tokens: in the body, or as cookies that no script can read and then nowhere else.
    pub(crate) fn delivered(self, app: &App, position: Position, delivery: Delivery) -> Done {
        self.delivered_in(app, position, delivery, |tokens| tokens)
    }

    /// The same, in the body that `around` makes of what the tokens' own would be.
    pub(crate) fn delivered_in<B: Serialize>(
        self,
        app: &App,
        position: Position,
        delivery: Delivery,
        around: impl FnOnce(TokensBody) -> B,
    ) -> Done {
        let Tokens { access_token, access_lives, refresh_token, refresh_lives, .. } = self;
        let (device_token, session_id, user) = (self.device_token, self.session_id, self.user);
        let body = |access_token: Option<String>, refresh_token, device_token| TokensBody {
            token_type: access_token.as_ref().map(|_| "Bearer"),
            access_token,
            expires_in: access_lives.as_secs(),
            refresh_token,
            device_token,
            session_id,
            user,
        };
        match delivery {
            Delivery::Body => Done::json(
                app,
                position,
                StatusCode::OK,
                around(body(Some(access_token), Some(refresh_token), device_token)),
            ),
            Delivery::Cookie => {
                let mut done = Done::json(app, position, StatusCode::OK, around(body(None, None, None)));
                app.browsers.set(done.headers(), Cookie::Access, &access_token, access_lives);
                app.browsers.set(done.headers(), Cookie::Refresh, &refresh_token, refresh_lives);
                if let Some(device_token) = device_token {
                    app.browsers.set(done.headers(), Cookie::Device, &device_token, DEVICE_KNOWN);
                }
                done
            }
        }
    }
}

/// How whoever is signed in gets the next tokens: as they sent theirs. What no script could read before, none may read
/// afterwards.
pub(crate) fn as_they_came(headers: &HeaderMap, asked_for: Delivery) -> Delivery {
    if headers.contains_key(AUTHORIZATION) { asked_for } else { Delivery::Cookie }
}

impl App {
    /// The tokens of a session at its present generation. `made_by` is the record that led to it: the same record
    /// gives the same tokens, however often it is asked, and to whichever process.
    pub(crate) fn tokens(
        &self,
        session: &LiveSession,
        made_by: EventId,
        user: &User,
    ) -> Result<Tokens, Failure> {
        let issued_at = session.rotated_at;
        // No access token outlives its session.
        let ends_at = session.ends_at(self.config.session_idle_ttl);
        let expires_at = issued_at.after(self.config.access_ttl).min(ends_at);
        let claims = Claims {
            iss: self.config.public_url.clone(),
            aud: self.config.public_url.clone(),
            sub: session.user_id,
            client_id: self.config.public_url.clone(),
            exp: expires_at.seconds(),
            iat: issued_at.seconds(),
            nbf: issued_at.seconds(),
            auth_time: session.authenticated_at.seconds(),
            amr: if session.second_factor.is_some() {
                vec![Amr::Pwd, Amr::Otp, Amr::Mfa]
            } else {
                vec![Amr::Pwd]
            },
            jti: made_by,
            sid: session.id,
            pos: session.started_position,
            roles: user.person().map(|person| person.roles.iter().cloned().collect()).unwrap_or_default(),
        };
        Ok(Tokens {
            access_token: self.token_keys.sign(&claims)?,
            access_lives: Duration::from_secs(u64::try_from(claims.exp - claims.iat).unwrap_or(0)),
            refresh_token: self.refresh_tokens.issue(session.id, session.generation),
            refresh_lives: session.expires_at.since(issued_at),
            device_token: None,
            session_id: session.id.0,
            user: shown(session.user_id, user)?,
        })
    }
}
