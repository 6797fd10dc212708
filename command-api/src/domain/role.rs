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
    /// Whether they are the one whom the command is about, or have the role that it is about.
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
                | Fact::UserImported(_)
                | Fact::ProfileChanged(_)
                | Fact::PictureChanged(_)
                | Fact::PictureRemoved
                | Fact::PasswordChanged(_)
                | Fact::PasswordRehashed(_)
                | Fact::RoleGranted(_)
                | Fact::RoleRevoked(_)
                | Fact::UserSuspended(_)
                | Fact::UserReinstated
                | Fact::SessionsRevoked(_)
                | Fact::UserDeleted
                | Fact::UserErased
                | Fact::TotpEnrolled(_)
                | Fact::TotpConfirmed(_)
                | Fact::RecoveryCodesIssued(_)
                | Fact::SecondFactorRemoved
                | Fact::SecondFactorUsed(_)
                | Fact::SessionReauthenticated(_)
                | Fact::SignInFailed(_)
                | Fact::LockedOut(_)
                | Fact::LockoutLifted
                | Fact::EmailVerified
                | Fact::EmailChangeRequested(_)
                | Fact::EmailChanged(_)
                | Fact::UserInvited
                | Fact::PasswordResetRequested(_)
                | Fact::VerificationRequested(_)
                | Fact::AddressTaken(_)
                | Fact::SessionStarted(_)
                | Fact::SessionRefreshed(_)
                | Fact::SessionRevoked(_)
                | Fact::SessionReplayDetected(_)
                | Fact::UserHoldPlaced(_)
                | Fact::UserHoldLifted
                | Fact::HoldPlaced(_)
                | Fact::HoldLifted(_)
                | Fact::NetworkEnded(_)
                | Fact::AuditExported(_)
                | Fact::ServiceAccountCreated(_)
                | Fact::ServiceAccountRemoved
                | Fact::KeyIssued(_)
                | Fact::KeyRevoked(_)
                | Fact::KeyUsed(_) => Err(Contradiction::new(&happened, "a role")),
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

/// May this person be acted upon: suspended, deleted, signed out, renamed? `theirs` is all that they may do. Nobody acts
/// upon who may do more than they: whoever could silence an admin would be one.
pub fn may_act_upon(theirs: &BTreeSet<Permission>, actor: &Granter<'_>) -> Result<(), Refusal> {
    if actor.is_subject { Ok(()) } else { must_not_exceed(theirs, actor) }
}

/// Says what a role permits from now on, at most what the definer may do, now and before. The same again says nothing
/// new. A removed role's name is never defined again.
///
/// Nobody adds to a role that they have: they would keep it by this role when the other, that lets them add, is gone.
pub fn define(
    name: &RoleName,
    role: &Role,
    permissions: BTreeSet<Permission>,
    definer: &Granter<'_>,
) -> Result<Vec<Fact>, Refusal> {
    match role {
        Role::BuiltIn(_) => return Err(Refusal::BuiltInRole),
        Role::Defined(current) if *current == permissions => return Ok(vec![]),
        Role::Defined(current) => {
            must_not_exceed(current, definer)?;
            if definer.is_subject && !permissions.is_subset(current) {
                return Err(Refusal::SelfGrant);
            }
        }
        // Whoever held the name when it was removed holds it still, and would hold whatever it came to mean.
        Role::Removed => return Err(Refusal::RoleRemoved),
        Role::Unknown => {}
    }
    must_not_exceed(&permissions, definer)?;
    Ok(vec![Fact::RoleDefined(RoleDefined { role: name.clone(), permissions })])
}

/// Ends a role that permits at most what the remover may do. Who has it keeps its name, which permits nothing. Removing it
/// again says nothing new.
pub fn remove(name: &RoleName, role: &Role, remover: &Granter<'_>) -> Result<Vec<Fact>, Refusal> {
    match role {
        Role::BuiltIn(_) => Err(Refusal::BuiltInRole),
        Role::Unknown => Err(Refusal::RoleUnknown),
        Role::Defined(permissions) => {
            must_not_exceed(permissions, remover)?;
            Ok(vec![Fact::RoleRemoved(RoleRemoved { role: name.clone() })])
        }
        Role::Removed => Ok(vec![]),
    }
}

pub(super) fn must_not_exceed(
    permissions: &BTreeSet<Permission>,
    granter: &Granter<'_>,
) -> Result<(), Refusal> {
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
    fn nobody_changes_or_removes_a_role_above_themselves() {
        let own = [Permission::RolesWrite, Permission::UsersRead].into();
        let (above, less) = (Role::Defined(all()), [Permission::UsersRead].into());
        let facts = define(&role("clerk"), &above, less, &somebody_with(&own));
        assert_eq!(facts, Err(Refusal::AboveOwnLevel), "not even to less");
        assert_eq!(remove(&role("clerk"), &above, &somebody_with(&own)), Err(Refusal::AboveOwnLevel));
    }

    #[test]
    fn nobody_adds_to_a_role_that_they_have() {
        let (mine, more) = (Role::Defined([Permission::UsersRead].into()), reads());
        let (everything, holder) = (all(), all());
        let holder = Granter { permissions: &holder, is_subject: true };
        assert_eq!(define(&role("clerk"), &mine, more.clone(), &holder), Err(Refusal::SelfGrant));
        assert!(define(&role("clerk"), &mine, more, &somebody_with(&everything)).is_ok());
        assert_eq!(
            define(&role("clerk"), &mine, [].into(), &holder),
            Ok(vec![defined([].into())]),
            "but takes from it"
        );
    }

    #[test]
    fn nobody_acts_upon_who_may_do_more() {
        let own: BTreeSet<_> = reads();
        for (theirs, verdict) in [
            (BTreeSet::new(), Ok(())),
            (reads(), Ok(())),
            ([Permission::AuditRead].into(), Err(Refusal::AboveOwnLevel)),
            (all(), Err(Refusal::AboveOwnLevel)),
        ] {
            assert_eq!(may_act_upon(&theirs, &somebody_with(&own)), verdict, "{theirs:?}");
        }
        let oneself = Granter { permissions: &own, is_subject: true };
        assert_eq!(may_act_upon(&all(), &oneself), Ok(()), "roles may grow between two looks");
    }

    #[test]
    fn built_in_roles_stay_as_they_are() {
        for built_in in BuiltInRole::ALL {
            let (name, role) = (built_in.name(), Role::BuiltIn(built_in));
            assert_eq!(define(&name, &role, reads(), &somebody_with(&all())), Err(Refusal::BuiltInRole));
            assert_eq!(remove(&name, &role, &somebody_with(&all())), Err(Refusal::BuiltInRole));
        }
    }

    #[test]
    fn a_role_is_removed_once() {
        assert_eq!(
            remove(&role("clerk"), &Role::Defined(reads()), &somebody_with(&all())),
            Ok(vec![removed()])
        );
        assert_eq!(remove(&role("clerk"), &Role::Removed, &somebody_with(&all())), Ok(vec![]));
        assert_eq!(remove(&role("clerk"), &Role::Unknown, &somebody_with(&all())), Err(Refusal::RoleUnknown));
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
