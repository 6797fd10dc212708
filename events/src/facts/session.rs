//! Facts about one sign-in's life, on `session-{id}`. Each says all that the next decision needs, so that the last
//! record of the stream is enough.

use crate::{Network, Personal, Position, SecondFactor, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// `session.started.v1`. Generation 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionStarted {
    /// Who signed in.
    pub user_id: UserId,
    /// The session ends then, however often it is refreshed.
    pub expires_at: Timestamp,
    /// From where.
    pub network: Personal<Network>,
    /// What was asked for beside the password; absent when nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_factor: Option<SecondFactor>,
}

/// `session.refreshed.v1` and `session.reauthenticated.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionRefreshed {
    /// Whose session.
    pub user_id: UserId,
    /// The generation of the refresh token that is good from now on.
    pub generation: u32,
    /// When the session started.
    pub started_at: Timestamp,
    /// The position of `session.started`: what revoked "all before" is compared with it, so that clocks play no part.
    pub started_position: Position,
    /// The session ends then. Refreshing never moves it.
    pub expires_at: Timestamp,
    /// From where.
    pub network: Personal<Network>,
    /// When the person last proved who they are; absent when that was as the session started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authenticated_at: Option<Timestamp>,
    /// What was asked for then beside the password; absent when nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_factor: Option<SecondFactor>,
}

/// `session.revoked.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionRevoked {
    /// Whose session.
    pub user_id: UserId,
    /// Why it ended.
    pub cause: EndCause,
}

/// Why a session ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// The person signed out.
    SignedOut,
    /// The person ended it from another session.
    RevokedByOwner,
    /// Somebody who may end other people's sessions ended it.
    RevokedByOther,
    /// Between the check of the password and the start of the session the account changed.
    Superseded,
    /// The person started more sessions than the policy allows at once, and this was the oldest.
    TooManySessions,
}

/// `session.replay_detected.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionReplayDetected {
    /// Whose session.
    pub user_id: UserId,
    /// The generation of the token that came back.
    pub generation: u32,
    /// From where it came.
    pub network: Personal<Network>,
}
