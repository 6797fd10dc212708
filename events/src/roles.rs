//! Roles and permissions: the words that facts use for what somebody may do.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{collections::BTreeSet, fmt, str::FromStr, sync::Arc};

/// The name of a role: 1 to 64 of `a-z`, `0-9`, `-`, `_`, `.`, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleName(Arc<str>);

/// A text that cannot name a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("role name {0:?} is not 1 to 64 of a-z, 0-9, '-', '_', '.', beginning with a letter")]
pub struct InvalidRoleName(pub String);

impl RoleName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The built-in role of this name, if there is one.
    #[must_use]
    pub fn built_in(&self) -> Option<BuiltInRole> {
        BuiltInRole::ALL.into_iter().find(|role| role.as_str() == self.as_str())
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RoleName {
    type Err = InvalidRoleName;

    fn from_str(text: &str) -> Result<Self, InvalidRoleName> {
        let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        let fits = (1..=64).contains(&text.len())
            && text.as_bytes()[0].is_ascii_lowercase()
            && text.bytes().all(letters);
        if fits { Ok(Self(text.into())) } else { Err(InvalidRoleName(text.chars().take(64).collect())) }
    }
}

impl Serialize for RoleName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for RoleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// The roles that every Evident has. They can be granted and revoked, never redefined or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BuiltInRole {
    /// May do everything.
    Admin,
    /// May read users and the whole history, and export it.
    Auditor,
    /// May do nothing but act for oneself. Everybody who registers has it.
    User,
}

impl BuiltInRole {
    /// All of them.
    pub const ALL: [BuiltInRole; 3] = [BuiltInRole::Admin, BuiltInRole::Auditor, BuiltInRole::User];

    /// The name as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            BuiltInRole::Admin => "admin",
            BuiltInRole::Auditor => "auditor",
            BuiltInRole::User => "user",
        }
    }

    /// The name that facts and tokens use.
    #[must_use]
    pub fn name(self) -> RoleName {
        RoleName(self.as_str().into())
    }

    /// What the role permits.
    #[must_use]
    pub fn permissions(self) -> BTreeSet<Permission> {
        match self {
            BuiltInRole::Admin => Permission::ALL.into_iter().collect(),
            BuiltInRole::Auditor => [
                Permission::UsersRead,
                Permission::RolesRead,
                Permission::SessionsRead,
                Permission::AuditRead,
                Permission::AuditExport,
            ]
            .into(),
            BuiltInRole::User => BTreeSet::new(),
        }
    }
}

/// All that these roles permit together: those that come with Evident what they always did, others what `defined` knows
/// of them. A role that was never defined, or was removed, permits nothing.
#[must_use]
pub fn permissions_of<'a>(
    roles: impl IntoIterator<Item = &'a RoleName>,
    defined: impl Fn(&RoleName) -> Option<BTreeSet<Permission>>,
) -> BTreeSet<Permission> {
    let permitted = |name: &RoleName| match name.built_in() {
        Some(role) => Some(role.permissions()),
        None => defined(name),
    };
    roles.into_iter().filter_map(permitted).flatten().collect()
}

/// One thing that a role can permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Permission {
    /// See other people.
    #[serde(rename = "users:read")]
    UsersRead,
    /// Create, change, suspend and delete other people.
    #[serde(rename = "users:write")]
    UsersWrite,
    /// Destroy a person's keys.
    #[serde(rename = "users:erase")]
    UsersErase,
    /// See roles.
    #[serde(rename = "roles:read")]
    RolesRead,
    /// Define, remove, grant and revoke roles.
    #[serde(rename = "roles:write")]
    RolesWrite,
    /// See other people's sessions.
    #[serde(rename = "sessions:read")]
    SessionsRead,
    /// End other people's sessions.
    #[serde(rename = "sessions:revoke")]
    SessionsRevoke,
    /// See the whole history.
    #[serde(rename = "audit:read")]
    AuditRead,
    /// Take the history away as a file.
    #[serde(rename = "audit:export")]
    AuditExport,
    /// Keep people from being erased, and periods from being forgotten.
    #[serde(rename = "holds:write")]
    HoldsWrite,
    /// See and retry what the projector parked.
    #[serde(rename = "system:operate")]
    SystemOperate,
    /// See service accounts and their keys.
    #[serde(rename = "keys:read")]
    KeysRead,
    /// Create and remove service accounts, issue and revoke their keys.
    #[serde(rename = "keys:write")]
    KeysWrite,
}

impl Permission {
    /// All of them.
    pub const ALL: [Permission; 13] = [
        Permission::UsersRead,
        Permission::UsersWrite,
        Permission::UsersErase,
        Permission::RolesRead,
        Permission::RolesWrite,
        Permission::SessionsRead,
        Permission::SessionsRevoke,
        Permission::AuditRead,
        Permission::AuditExport,
        Permission::HoldsWrite,
        Permission::SystemOperate,
        Permission::KeysRead,
        Permission::KeysWrite,
    ];

    /// As it stands in tokens, bodies and facts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Permission::UsersRead => "users:read",
            Permission::UsersWrite => "users:write",
            Permission::UsersErase => "users:erase",
            Permission::RolesRead => "roles:read",
            Permission::RolesWrite => "roles:write",
            Permission::SessionsRead => "sessions:read",
            Permission::SessionsRevoke => "sessions:revoke",
            Permission::AuditRead => "audit:read",
            Permission::AuditExport => "audit:export",
            Permission::HoldsWrite => "holds:write",
            Permission::SystemOperate => "system:operate",
            Permission::KeysRead => "keys:read",
            Permission::KeysWrite => "keys:write",
        }
    }

    /// The permission that is written like this, if there is one.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == text)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_spelled_alike_in_text_and_in_json() {
        for permission in Permission::ALL {
            let json = serde_json::to_value(permission).expect("a permission is a JSON string");
            assert_eq!(json, permission.as_str());
            assert_eq!(Permission::from_text(permission.as_str()), Some(permission));
        }
    }

    #[test]
    fn role_names_are_plain() {
        for right in ["admin", "front-desk", "a", "a.b_c-9"] {
            assert!(right.parse::<RoleName>().is_ok(), "{right}");
        }
        for wrong in ["", "Admin", "9a", "a b", "a/b", "ä", &"a".repeat(65)] {
            assert!(wrong.parse::<RoleName>().is_err(), "{wrong}");
        }
    }
}
