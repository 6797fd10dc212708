//! Facts about who somebody is, on `user-{id}`.

use crate::{Personal, PictureId, RoleName, SessionId, Version};
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
    /// A PHC string, `$argon2id$v=19$…`; of somebody who was imported, until their first sign-in, what came along.
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

impl Network {
    /// From where is not known, or is nobody's business.
    pub const UNKNOWN: Self = Self { ip: None, user_agent: None };
}

/// Why somebody did something to somebody else, in their own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// At most 500 characters.
    pub text: String,
}

/// An address that somebody wants to be known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// In its normal form, as in [`Profile`].
    pub email: String,
}

/// `user.registered.v1` and `user.imported.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserRegistered {
    /// How the person is known.
    pub profile: Personal<Profile>,
    /// Absent when somebody else made the account and no password was chosen yet, or came along.
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

/// `user.email_change_requested.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailChangeRequested {
    /// The address that is the person's from when they have verified it.
    pub address: Personal<Address>,
}

/// `user.email_changed.v1`: the whole profile, as it is from now on. Its address is verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailChanged {
    /// How the person is known.
    pub profile: Personal<Profile>,
}

/// `user.password_reset_requested.v1`, on `reset-{user}`. Bounded per account and hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordResetRequested {
    /// The version of the person's stream at which the password was chosen that may be replaced.
    pub password_version: Version,
    /// From where.
    pub network: Personal<Network>,
}

/// `user.verification_requested.v1`, on `verification-{user}`. Bounded per account and hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerificationRequested {
    /// The version of the person's stream at which the address became theirs that is to be verified.
    pub address_version: Version,
    /// From where.
    pub network: Personal<Network>,
}

/// `user.address_taken.v1`, on `notice-{user}`. Bounded per account and hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressTaken {
    /// From where.
    pub network: Personal<Network>,
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
    /// Signing in asks for something else from now on: a second factor, or none any more.
    SecondFactorChanged,
    /// The person asked for it.
    RequestedByOwner,
    /// Somebody who may end other people's sessions asked for it.
    RequestedByOther,
}

/// `user.picture_changed.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureChanged {
    /// The name under which the vault keeps the picture itself: random, so that it says nothing of it.
    pub picture_id: PictureId,
    /// What the picture is; sealed, since even its hash would tell who knows the picture whose it was.
    pub picture: Personal<Picture>,
}

/// What a person's picture is. The picture itself is in no record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// SHA-256 of the file as it is kept, in lower-case hexadecimal.
    pub sha256: String,
    /// What kind of file it is.
    pub media_type: PictureType,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// The kinds of files that pictures are kept as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PictureType {
    /// A JPEG, when nothing shows through.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// A PNG, when something does.
    #[serde(rename = "image/png")]
    Png,
}

impl PictureType {
    /// The media type (RFC 9110 §8.3.1).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            PictureType::Jpeg => "image/jpeg",
            PictureType::Png => "image/png",
        }
    }
}

/// `user.hold_placed.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserHoldPlaced {
    /// Why, in the words of the one who did it. They end with the person, who is not erased while the hold stands.
    pub reason: Personal<Reason>,
}
