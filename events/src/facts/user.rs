//! Facts about who somebody is, on `user-{id}`.

use crate::{Personal, RoleName, SessionId};
use serde::{Deserialize, Serialize};

/// How a person is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The address, in its normal form (local part NFC, domain in lower-case A-labels).
    pub email: String,
    /// The name to show, when the person gave one.
    pub display_name: Option<String>,
}

/// What a person proves to be themselves with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// A PHC string, `$argon2id$v=19$…`.
    pub password_hash: String,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential(…)")
    }
}

/// From where a request came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// The address of the client, as the service saw it.
    pub ip: Option<String>,
    /// The client's own name for itself, at most 512 bytes.
    pub user_agent: Option<String>,
}

/// Why somebody did something to somebody else, in their own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// At most 500 characters.
    pub text: String,
}

/// `user.registered.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserRegistered {
    /// How the person is known.
    pub profile: Personal<Profile>,
    /// Absent when somebody else made the account and no password was chosen yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<Personal<Credential>>,
    /// The first roles, in alphabetical order.
    pub roles: Vec<RoleName>,
    /// From where; absent when a machine did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Personal<Network>>,
}

/// `user.profile_changed.v1`: the whole profile, as it is from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileChanged {
    /// How the person is known.
    pub profile: Personal<Profile>,
}

/// `user.password_changed.v1` and `user.password_rehashed.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordChanged {
    /// What the person proves to be themselves with from now on.
    pub credential: Personal<Credential>,
}

/// `user.role_granted.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleGranted {
    /// The role.
    pub role: RoleName,
}

/// `user.role_revoked.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleRevoked {
    /// The role.
    pub role: RoleName,
}

/// `user.suspended.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserSuspended {
    /// Why; free text about a person, so sealed like one.
    pub reason: Personal<Reason>,
}

/// `user.sessions_revoked.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionsRevoked {
    /// The one session that goes on.
    pub except: Option<SessionId>,
    /// Why they ended.
    pub cause: RevocationCause,
}

/// Why all sessions of a person ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationCause {
    /// The person chose another password.
    PasswordChanged,
    /// The person asked for it.
    RequestedByOwner,
    /// Somebody who may end other people's sessions asked for it.
    RequestedByOther,
}
