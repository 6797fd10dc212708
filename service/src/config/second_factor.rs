//! Of whom a second factor is demanded.

use super::parse::list;
use events::RoleName;
use std::collections::BTreeSet;

/// Of whom a second factor is demanded beside the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecondFactorDemand {
    /// Of nobody: who wants one has one.
    Nobody,
    /// Of whoever has one of these roles.
    Roles(BTreeSet<RoleName>),
    /// Of everybody.
    Everybody,
}

impl SecondFactorDemand {
    /// Whether it is demanded of somebody who has these roles.
    #[must_use]
    pub fn is_made_of(&self, roles: &BTreeSet<RoleName>) -> bool {
        match self {
            SecondFactorDemand::Nobody => false,
            SecondFactorDemand::Roles(named) => !named.is_disjoint(roles),
            SecondFactorDemand::Everybody => true,
        }
    }
}

/// `all` in a list would be the name of a role, and demand something of hardly anybody.
pub(super) fn demand(text: &str) -> Result<SecondFactorDemand, &'static str> {
    let wrong = "must be optional, all, or names of roles with commas between them, like admin,auditor";
    match text {
        "optional" => Ok(SecondFactorDemand::Nobody),
        "all" => Ok(SecondFactorDemand::Everybody),
        _ => {
            let name = |name: &str| match name {
                "optional" | "all" => None,
                name => name.parse().ok(),
            };
            let names = list(text).map(name).collect::<Option<BTreeSet<RoleName>>>();
            names.filter(|names| !names.is_empty()).map(SecondFactorDemand::Roles).ok_or(wrong)
        }
    }
}
