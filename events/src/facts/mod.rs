//! The facts: everything that can have happened. `docs/EVENTS.md` is their catalogue for readers.
//!
//! Facts are for ever. Add a variant or a `v2`; never edit one that has been written. Each type and version has one
//! golden sample under `samples/`.

mod audit;
mod role;
mod session;
mod sign_in;
mod user;

pub use audit::{AuditExported, ExportFormat};
pub use role::{RoleDefined, RoleRemoved};
pub use session::{EndCause, SessionRefreshed, SessionReplayDetected, SessionRevoked, SessionStarted};
pub use sign_in::{FailureCause, LockedOut, LockoutScope, SignInFailed};
pub use user::{
    Credential, Network, PasswordChanged, Profile, ProfileChanged, Reason, RevocationCause, RoleGranted,
    RoleRevoked, SessionsRevoked, UserRegistered, UserSuspended,
};

use crate::UserId;
use serde_json::{Map, Value};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Somebody came to be: by registering, or created by somebody else.
    UserRegistered(UserRegistered),
    /// A person's profile is now this.
    ProfileChanged(ProfileChanged),
    /// A person chose another password.
    PasswordChanged(PasswordChanged),
    /// The same password, hashed with the parameters of today.
    PasswordRehashed(PasswordChanged),
    /// A person has a role.
    RoleGranted(RoleGranted),
    /// A person no longer has a role.
    RoleRevoked(RoleRevoked),
    /// A person may not sign in until reinstated.
    UserSuspended(UserSuspended),
    /// A suspended person may sign in again.
    UserReinstated,
    /// All sessions of a person that started before this ended, but for one that may be excepted.
    SessionsRevoked(SessionsRevoked),
    /// An account was closed. Its keys live until it is erased.
    UserDeleted,
    /// A person's keys were destroyed.
    UserErased,
    /// Somebody tried to sign in to an account and failed.
    SignInFailed(SignInFailed),
    /// An account refuses sign-ins for a while.
    LockedOut(LockedOut),
    /// An account accepts sign-ins again, before its time.
    LockoutLifted,
    /// Somebody signed in.
    SessionStarted(SessionStarted),
    /// A session's refresh token was exchanged for its successor.
    SessionRefreshed(SessionRefreshed),
    /// A session ended.
    SessionRevoked(SessionRevoked),
    /// A refresh token came back after its time: stolen or copied. The session ended.
    SessionReplayDetected(SessionReplayDetected),
    /// A role permits these things from now on.
    RoleDefined(RoleDefined),
    /// A role permits nothing any more.
    RoleRemoved(RoleRemoved),
    /// Somebody took the history, or a part of it, away as a file.
    AuditExported(AuditExported),
}

impl Fact {
    /// The wire names of every fact, in the order of the catalogue.
    pub const TYPES: [&str; 21] = [
        "user.registered.v1",
        "user.profile_changed.v1",
        "user.password_changed.v1",
        "user.password_rehashed.v1",
        "user.role_granted.v1",
        "user.role_revoked.v1",
        "user.suspended.v1",
        "user.reinstated.v1",
        "user.sessions_revoked.v1",
        "user.deleted.v1",
        "user.erased.v1",
        "user.sign_in_failed.v1",
        "user.locked_out.v1",
        "user.lockout_lifted.v1",
        "session.started.v1",
        "session.refreshed.v1",
        "session.revoked.v1",
        "session.replay_detected.v1",
        "role.defined.v1",
        "role.removed.v1",
        "audit.exported.v1",
    ];

    /// The wire name: what happened, and the version of its form.
    #[must_use]
    pub const fn event_type(&self) -> &'static str {
        match self {
            Fact::UserRegistered(_) => "user.registered.v1",
            Fact::ProfileChanged(_) => "user.profile_changed.v1",
            Fact::PasswordChanged(_) => "user.password_changed.v1",
            Fact::PasswordRehashed(_) => "user.password_rehashed.v1",
            Fact::RoleGranted(_) => "user.role_granted.v1",
            Fact::RoleRevoked(_) => "user.role_revoked.v1",
            Fact::UserSuspended(_) => "user.suspended.v1",
            Fact::UserReinstated => "user.reinstated.v1",
            Fact::SessionsRevoked(_) => "user.sessions_revoked.v1",
            Fact::UserDeleted => "user.deleted.v1",
            Fact::UserErased => "user.erased.v1",
            Fact::SignInFailed(_) => "user.sign_in_failed.v1",
            Fact::LockedOut(_) => "user.locked_out.v1",
            Fact::LockoutLifted => "user.lockout_lifted.v1",
            Fact::SessionStarted(_) => "session.started.v1",
            Fact::SessionRefreshed(_) => "session.refreshed.v1",
            Fact::SessionRevoked(_) => "session.revoked.v1",
            Fact::SessionReplayDetected(_) => "session.replay_detected.v1",
            Fact::RoleDefined(_) => "role.defined.v1",
            Fact::RoleRemoved(_) => "role.removed.v1",
            Fact::AuditExported(_) => "audit.exported.v1",
        }
    }

    /// Whose session this is about; `None` for facts about anything else.
    #[must_use]
    pub const fn session_owner(&self) -> Option<UserId> {
        match self {
            Fact::SessionStarted(fact) => Some(fact.user_id),
            Fact::SessionRefreshed(fact) => Some(fact.user_id),
            Fact::SessionRevoked(fact) => Some(fact.user_id),
            Fact::SessionReplayDetected(fact) => Some(fact.user_id),
            Fact::UserRegistered(_)
            | Fact::ProfileChanged(_)
            | Fact::PasswordChanged(_)
            | Fact::PasswordRehashed(_)
            | Fact::RoleGranted(_)
            | Fact::RoleRevoked(_)
            | Fact::UserSuspended(_)
            | Fact::UserReinstated
            | Fact::SessionsRevoked(_)
            | Fact::UserDeleted
            | Fact::UserErased
            | Fact::SignInFailed(_)
            | Fact::LockedOut(_)
            | Fact::LockoutLifted
            | Fact::RoleDefined(_)
            | Fact::RoleRemoved(_)
            | Fact::AuditExported(_) => None,
        }
    }

    /// The fact's data with personal values still open, for the codec to seal.
    pub(crate) fn to_data(&self) -> Result<Map<String, Value>, serde_json::Error> {
        let value = match self {
            Fact::UserRegistered(data) => serde_json::to_value(data),
            Fact::ProfileChanged(data) => serde_json::to_value(data),
            Fact::PasswordChanged(data) | Fact::PasswordRehashed(data) => serde_json::to_value(data),
            Fact::RoleGranted(data) => serde_json::to_value(data),
            Fact::RoleRevoked(data) => serde_json::to_value(data),
            Fact::UserSuspended(data) => serde_json::to_value(data),
            Fact::SessionsRevoked(data) => serde_json::to_value(data),
            Fact::SignInFailed(data) => serde_json::to_value(data),
            Fact::LockedOut(data) => serde_json::to_value(data),
            Fact::SessionStarted(data) => serde_json::to_value(data),
            Fact::SessionRefreshed(data) => serde_json::to_value(data),
            Fact::SessionRevoked(data) => serde_json::to_value(data),
            Fact::SessionReplayDetected(data) => serde_json::to_value(data),
            Fact::RoleDefined(data) => serde_json::to_value(data),
            Fact::RoleRemoved(data) => serde_json::to_value(data),
            Fact::AuditExported(data) => serde_json::to_value(data),
            Fact::UserReinstated | Fact::UserDeleted | Fact::UserErased | Fact::LockoutLifted => {
                Ok(Value::Object(Map::new()))
            }
        }?;
        match value {
            Value::Object(data) => Ok(data),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(serde::de::Error::custom("a fact's data is not an object"))
            }
        }
    }

    /// Reads a fact of this type, its sealed groups already opened or known to be erased.
    ///
    /// Old versions of a type are lifted here and nowhere else.
    pub(crate) fn from_data(
        event_type: &str,
        data: Map<String, Value>,
    ) -> Result<Option<Self>, serde_json::Error> {
        let empty = data.is_empty();
        let nothing_but = |fact| match empty {
            true => Ok(fact),
            false => Err(serde::de::Error::custom("data where none belongs")),
        };
        let data = Value::Object(data);
        let fact = match event_type {
            "user.registered.v1" => Fact::UserRegistered(serde_json::from_value(data)?),
            "user.profile_changed.v1" => Fact::ProfileChanged(serde_json::from_value(data)?),
            "user.password_changed.v1" => Fact::PasswordChanged(serde_json::from_value(data)?),
            "user.password_rehashed.v1" => Fact::PasswordRehashed(serde_json::from_value(data)?),
            "user.role_granted.v1" => Fact::RoleGranted(serde_json::from_value(data)?),
            "user.role_revoked.v1" => Fact::RoleRevoked(serde_json::from_value(data)?),
            "user.suspended.v1" => Fact::UserSuspended(serde_json::from_value(data)?),
            "user.reinstated.v1" => nothing_but(Fact::UserReinstated)?,
            "user.sessions_revoked.v1" => Fact::SessionsRevoked(serde_json::from_value(data)?),
            "user.deleted.v1" => nothing_but(Fact::UserDeleted)?,
            "user.erased.v1" => nothing_but(Fact::UserErased)?,
            "user.sign_in_failed.v1" => Fact::SignInFailed(serde_json::from_value(data)?),
            "user.locked_out.v1" => Fact::LockedOut(serde_json::from_value(data)?),
            "user.lockout_lifted.v1" => nothing_but(Fact::LockoutLifted)?,
            "session.started.v1" => Fact::SessionStarted(serde_json::from_value(data)?),
            "session.refreshed.v1" => Fact::SessionRefreshed(serde_json::from_value(data)?),
            "session.revoked.v1" => Fact::SessionRevoked(serde_json::from_value(data)?),
            "session.replay_detected.v1" => Fact::SessionReplayDetected(serde_json::from_value(data)?),
            "role.defined.v1" => Fact::RoleDefined(serde_json::from_value(data)?),
            "role.removed.v1" => Fact::RoleRemoved(serde_json::from_value(data)?),
            "audit.exported.v1" => Fact::AuditExported(serde_json::from_value(data)?),
            _ => return Ok(None),
        };
        Ok(Some(fact))
    }
}
