//! Roles that were defined, and what they permit. Built-in roles are in no table: `events::BuiltInRole` has them.

use crate::{ReadModels, ReadModelsError, Shown};
use events::{Permission, RoleName, Timestamp, Version};
use std::collections::BTreeSet;

/// A role as it was last defined. A role that was removed has no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRow {
    /// Its name.
    pub name: RoleName,
    /// All that it permits.
    pub permissions: BTreeSet<Permission>,
    /// The version of its stream.
    pub version: Version,
    /// When it was last defined.
    pub defined_at: Timestamp,
}

impl ReadModels {
    /// All defined roles, by name; at most 1,000.
    pub async fn roles(&self) -> Result<Shown<Vec<RoleRow>>, ReadModelsError> {
        unimplemented!()
    }
}
