//! What a sign-in and a refresh answer with.

use crate::{
    App,
    domain::{LiveSession, User},
    failure::Failure,
    respond::shown,
};
use events::{EventId, Timestamp};
use serde::Serialize;
use service::{shown, token::Claims};
use utoipa::ToSchema;
use uuid::Uuid;

/// Tokens, and whose they are.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub(crate) struct TokensBody {
    /// An EdDSA JWT, to be sent as `Authorization: Bearer`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// For how many seconds the access token is good.
    expires_in: i64,
    /// Good once, for the next pair of tokens.
    refresh_token: String,
    /// The session that both belong to.
    session_id: Uuid,
    /// Who signed in.
    user: shown::User,
}

impl TokensBody {
    /// With the moment of the sign-in that this answers.
    pub(crate) fn signed_in_at(self, at: Timestamp) -> Self {
        Self { user: shown::User { last_login_at: Some(Some(at)), ..self.user }, ..self }
    }
}

impl App {
    /// The tokens of a session at its present generation. `made_by` is the record that led to it: the same record
    /// gives the same tokens, however often it is asked, and to whichever process.
    pub(crate) fn tokens(
        &self,
        session: &LiveSession,
        made_by: EventId,
        user: &User,
    ) -> Result<TokensBody, Failure> {
        let issued_at = session.rotated_at;
        // No access token outlives its session.
        let expires_at = issued_at.after(self.config.access_ttl).min(session.expires_at);
        let claims = Claims {
            iss: self.config.public_url.clone(),
            aud: self.config.public_url.clone(),
            sub: session.user_id,
            client_id: self.config.public_url.clone(),
            exp: expires_at.seconds(),
            iat: issued_at.seconds(),
            nbf: issued_at.seconds(),
            auth_time: session.started_at.seconds(),
            jti: made_by,
            sid: session.id,
            pos: session.started_position,
            roles: user.person().map(|person| person.roles.iter().cloned().collect()).unwrap_or_default(),
        };
        Ok(TokensBody {
            access_token: self.signer.sign(&claims)?,
            token_type: "Bearer",
            expires_in: claims.exp - claims.iat,
            refresh_token: self.refresh_tokens.issue(session.id, session.generation),
            session_id: session.id.0,
            user: shown(session.user_id, user)?,
        })
    }
}
