//! Access tokens (RFC 9068): what they say, and how they are verified. Signing is command-api's, which has the keys.
//!
//! The only tokens that hold are our own, so everything is as strict as the writer is: one algorithm, one type, no
//! field more or less, one encoding. A field that this version does not know is refused, as RFC 7515 §4.1.11 wants
//! for `crit`; services that verify are therefore upgraded before the one that signs.

mod strict;
mod trusted;
mod verifier;

pub use trusted::TrustedKeys;
pub use verifier::{TokenError, Verifier, VerifyingKey};

use events::{EventId, Position, RoleName, SessionId, UserId};
use serde::{Deserialize, Serialize};

/// The `typ` of an access token (RFC 9068 §2.1): no other JWT can stand for it.
pub const TYP: &str = "at+jwt";
/// The one algorithm (RFC 8037).
pub const ALG: &str = "EdDSA";

/// What an access token says. Times are whole seconds since 1970 (RFC 7519 §2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Who issued it: the public URL of the installation.
    pub iss: String,
    /// For whom it is.
    pub aud: String,
    /// Who signed in.
    pub sub: UserId,
    /// By which client.
    pub client_id: String,
    /// From when on it no longer holds.
    pub exp: i64,
    /// When it was issued.
    pub iat: i64,
    /// Before when it does not hold yet.
    pub nbf: i64,
    /// When the person proved who they are.
    pub auth_time: i64,
    /// How they proved it then (RFC 8176). Tokens that were signed before there was a second factor do not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<Amr>,
    /// The event that it was issued by.
    pub jti: EventId,
    /// By which sign-in.
    pub sid: SessionId,
    /// Where the session's start stands in the log; "all sessions that started before" compares it.
    pub pos: Position,
    /// The roles that the person had when it was issued.
    pub roles: Vec<RoleName>,
}

impl Claims {
    /// Whether more than the password was asked for.
    #[must_use]
    pub fn has_second_factor(&self) -> bool {
        self.amr.contains(&Amr::Otp)
    }
}

/// A way to prove who one is (RFC 8176 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Amr {
    /// The password.
    Pwd,
    /// A code that is good once.
    Otp,
    /// More than one way.
    Mfa,
}
