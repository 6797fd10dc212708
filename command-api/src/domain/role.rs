//! What a role permits, and who may say so.

use super::{Contradiction, Happened, Refusal};
use events::{BuiltInRole, Fact, Permission, RoleDefined, RoleName, RoleRemoved};
use std::collections::BTreeSet;

/// A role, from its name and the last record of `role-{name}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Every Evident has it; its stream is always empty.
    BuiltIn(BuiltInRole),
    /// Never defined.
    Unknown,
    /// Permits this.
    Defined(BTreeSet<Permission>),
    /// Defined once, and permits nothing any more.
    Removed,
}

/// Somebody who gives roles or says what they permit.
#[derive(Debug, Clone, Copy)]
pub struct Granter<'a> {
    /// All that they may do themselves.
    pub permissions: &'a BTreeSet<Permission>,
    /// Whether they are the one whom the command is about.
    pub is_subject: bool,
}

impl Role {
    /// The role of this name, as the last record of its stream says.
    pub fn read(name: &RoleName, last: Option<Happened<'_>>) -> Result<Self, Contradiction> {
        match (name.built_in(), last) {
            (Some(role), None) => Ok(Role::BuiltIn(role)),
            (Some(_), Some(happened)) => Err(Contradiction::new(&happened, "built in")),
            (None, None) => Ok(Role::Unknown),
            (None, Some(happened)) => match happened.fact {
                Fact::RoleDefined(fact) => Ok(Role::Defined(fact.permissions.clone())),
                Fact::RoleRemoved(_) => Ok(Role::Removed),
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
                | Fact::SessionStarted(_)
                | Fact::SessionRefreshed(_)
                | Fact::SessionRevoked(_)
                | Fact::SessionReplayDetected(_)
                | Fact::AuditExported(_) => Err(Contradiction::new(&happened, "a role")),
            },
        }
    }

    /// What it permits; `None` when there is no such role.
    #[must_use]
    pub fn permissions(&self) -> Option<BTreeSet<Permission>> {
        match self {
            Role::BuiltIn(role) => Some(role.permissions()),
            Role::Defined(permissions) => Some(permissions.clone()),
            Role::Unknown | Role::Removed => None,
        }
    }
}

/// May this role be given by this granter? Nobody gives more than they have, nor anything to themselves.
pub fn may_grant(role: &Role, granter: &Granter<'_>) -> Result<(), Refusal> {
    let permissions = role.permissions().ok_or(Refusal::RoleUnknown)?;
    if granter.is_subject {
        return Err(Refusal::SelfGrant);
    }
    must_not_exceed(&permissions, granter)
}

/// Says what a role permits from now on, at most what the definer may do. The same again says nothing new.
pub fn define(
    name: &RoleName,
    role: &Role,
    permissions: BTreeSet<Permission>,
    definer: &Granter<'_>,
) -> Result<Vec<Fact>, Refusal> {
    match role {
        Role::BuiltIn(_) => return Err(Refusal::BuiltInRole),
        Role::Defined(current) if *current == permissions => return Ok(vec![]),
        Role::Defined(_) | Role::Unknown | Role::Removed => {}
    }
    must_not_exceed(&permissions, definer)?;
    Ok(vec![Fact::RoleDefined(RoleDefined { role: name.clone(), permissions })])
}

/// Ends a role. Who has it keeps its name, which permits nothing. Removing it again says nothing new.
pub fn remove(name: &RoleName, role: &Role) -> Result<Vec<Fact>, Refusal> {
    match role {
        Role::BuiltIn(_) => Err(Refusal::BuiltInRole),
        Role::Unknown => Err(Refusal::RoleUnknown),
        Role::Defined(_) => Ok(vec![Fact::RoleRemoved(RoleRemoved { role: name.clone() })]),
        Role::Removed => Ok(vec![]),
    }
}

fn must_not_exceed(permissions: &BTreeSet<Permission>, granter: &Granter<'_>) -> Result<(), Refusal> {
    match permissions.is_subset(granter.permissions) {
        true => Ok(()),
        false => Err(Refusal::AboveOwnLevel),
    }
}
