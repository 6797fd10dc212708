//! Facts about what roles permit, on `role-{name}`.

use crate::{Permission, RoleName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// `role.defined.v1`: the whole definition, as it is from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleDefined {
    /// The role.
    pub role: RoleName,
    /// All that it permits.
    pub permissions: BTreeSet<Permission>,
}

/// `role.removed.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleRemoved {
    /// The role.
    pub role: RoleName,
}
