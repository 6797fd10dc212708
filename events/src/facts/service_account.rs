//! Facts about programs that act by themselves: on `service-{id}` the account and its keys, on `keyuse-{key}` when a key
//! was used. Nothing here is personal, and nothing is sealed: a name of an account is to name a machine.

use crate::{KeyId, Permission, SecretHash, ServiceAccountId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// `service_account.created.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccountCreated {
    /// What people call it.
    pub name: String,
    /// The most that its keys may permit.
    pub permissions: BTreeSet<Permission>,
}

/// `key.issued.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyIssued {
    /// The key. Its text begins with it.
    pub key_id: KeyId,
    /// What people call it.
    pub name: String,
    /// All that it permits.
    pub permissions: BTreeSet<Permission>,
    /// From when on it no longer holds.
    pub expires_at: Timestamp,
    /// What proves its secret, which was shown once and is kept nowhere.
    pub secret_hash: SecretHash,
}

/// `key.revoked.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRevoked {
    /// The key.
    pub key_id: KeyId,
}

/// `key.used.v1`: for the first time on that day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyUsed {
    /// Whose key.
    pub account_id: ServiceAccountId,
}
