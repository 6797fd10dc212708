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

/// Says what a role permits from now on, at most what the definer may do. The same again says nothing new. A removed
/// role's name is never defined again.
pub fn define(
    name: &RoleName,
    role: &Role,
    permissions: BTreeSet<Permission>,
    definer: &Granter<'_>,
) -> Result<Vec<Fact>, Refusal> {
    match role {
        Role::BuiltIn(_) => return Err(Refusal::BuiltInRole),
        Role::Defined(current) if *current == permissions => return Ok(vec![]),
        // Whoever held the name when it was removed holds it still, and would hold whatever it came to mean.
        Role::Removed => return Err(Refusal::RoleRemoved),
        Role::Defined(_) | Role::Unknown => {}
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::support::{minute, role, somebody_with};
    use events::{Position, Version};

    fn all() -> BTreeSet<Permission> {
        Permission::ALL.into()
    }

    fn reads() -> BTreeSet<Permission> {
        [Permission::UsersRead, Permission::RolesRead].into()
    }

    fn read(name: &str, last: Option<&Fact>) -> Result<Role, Contradiction> {
        let happened = |fact| Happened { position: Position(7), version: Version(1), at: minute(1), fact };
        Role::read(&role(name), last.map(happened))
    }

    fn defined(permissions: BTreeSet<Permission>) -> Fact {
        Fact::RoleDefined(RoleDefined { role: role("clerk"), permissions })
    }

    fn removed() -> Fact {
        Fact::RoleRemoved(RoleRemoved { role: role("clerk") })
    }

    #[test]
    fn a_role_is_what_its_last_record_says() {
        assert_eq!(read("clerk", None), Ok(Role::Unknown));
        assert_eq!(read("clerk", Some(&defined(reads()))), Ok(Role::Defined(reads())));
        assert_eq!(read("clerk", Some(&removed())), Ok(Role::Removed));
        assert_eq!(read("admin", None), Ok(Role::BuiltIn(BuiltInRole::Admin)));
    }

    #[test]
    fn a_built_in_role_has_no_history_and_a_role_no_foreign_one() {
        let contradiction = read("admin", Some(&removed())).expect_err("a contradiction");
        assert_eq!(contradiction.position, Position(7));
        assert!(read("clerk", Some(&Fact::UserDeleted)).is_err());
    }

    #[test]
    fn a_role_is_defined_redefined_and_defined_anew() {
        let more: BTreeSet<_> = [Permission::UsersRead].into();
        for role_so_far in [Role::Unknown, Role::Defined(more)] {
            let facts = define(&role("clerk"), &role_so_far, reads(), &somebody_with(&all()));
            assert_eq!(facts, Ok(vec![defined(reads())]), "{role_so_far:?}");
        }
    }

    #[test]
    fn the_same_definition_again_says_nothing_new() {
        let facts = define(&role("clerk"), &Role::Defined(reads()), reads(), &somebody_with(&all()));
        assert_eq!(facts, Ok(vec![]));
    }

    #[test]
    fn a_removed_role_does_not_come_back_to_those_who_held_it() {
        let facts = define(&role("clerk"), &Role::Removed, reads(), &somebody_with(&all()));
        assert_eq!(facts, Err(Refusal::RoleRemoved));
    }

    #[test]
    fn nobody_defines_a_role_above_themselves() {
        let own = [Permission::RolesWrite, Permission::UsersRead].into();
        let facts = define(&role("clerk"), &Role::Unknown, reads(), &somebody_with(&own));
        assert_eq!(facts, Err(Refusal::AboveOwnLevel));
    }

    #[test]
    fn built_in_roles_stay_as_they_are() {
        for built_in in BuiltInRole::ALL {
            let (name, role) = (built_in.name(), Role::BuiltIn(built_in));
            assert_eq!(define(&name, &role, reads(), &somebody_with(&all())), Err(Refusal::BuiltInRole));
            assert_eq!(remove(&name, &role), Err(Refusal::BuiltInRole));
        }
    }

    #[test]
    fn a_role_is_removed_once() {
        assert_eq!(remove(&role("clerk"), &Role::Defined(reads())), Ok(vec![removed()]));
        assert_eq!(remove(&role("clerk"), &Role::Removed), Ok(vec![]));
        assert_eq!(remove(&role("clerk"), &Role::Unknown), Err(Refusal::RoleUnknown));
    }

    #[test]
    fn a_grant_is_never_wider_than_its_granter() {
        for built_in in BuiltInRole::ALL {
            let role = Role::BuiltIn(built_in);
            for missing in built_in.permissions() {
                let mut own = all();
                own.remove(&missing);
                assert_eq!(may_grant(&role, &somebody_with(&own)), Err(Refusal::AboveOwnLevel));
            }
            assert_eq!(may_grant(&role, &somebody_with(&built_in.permissions())), Ok(()));
        }
    }
}
