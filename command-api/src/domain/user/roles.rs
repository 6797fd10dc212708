//! Which roles a person has.

use crate::domain::{Granter, Refusal, Role, User, may_act_upon, may_grant};
use events::{Fact, RoleGranted, RoleName, RoleRevoked};

/// The most roles of one person beside `user`. Whatever the person commands, each of them is read to decide it.
pub const MAX_ROLES: usize = 16;

/// Gives a role. Nobody gives more than they have, nor anything to themselves. A role that the person has already
/// says nothing new.
pub fn grant(user: &User, name: &RoleName, role: &Role, granter: &Granter<'_>) -> Result<Vec<Fact>, Refusal> {
    let person = user.changeable()?;
    if person.roles.contains(name) {
        return Ok(vec![]);
    }
    may_grant(role, granter)?;
    if person.roles.len() > MAX_ROLES {
        return Err(Refusal::TooManyRoles);
    }
    Ok(vec![Fact::RoleGranted(RoleGranted { role: name.clone() })])
}

/// Takes a role that permits no more than one may do oneself, also one that was removed meanwhile. A role that the person
/// does not have says nothing new.
///
/// That somebody is left who can administer Evident is the vault's to say, before this is appended.
pub fn revoke(
    user: &User,
    name: &RoleName,
    role: &Role,
    revoker: &Granter<'_>,
) -> Result<Vec<Fact>, Refusal> {
    if !user.changeable()?.roles.contains(name) {
        return Ok(vec![]);
    }
    may_act_upon(&role.permissions().unwrap_or_default(), revoker)?;
    Ok(vec![Fact::RoleRevoked(RoleRevoked { role: name.clone() })])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::support::*;
    use events::{BuiltInRole, Permission};
    use std::collections::BTreeSet;

    const AUDITOR: Role = Role::BuiltIn(BuiltInRole::Auditor);

    fn all() -> BTreeSet<Permission> {
        Permission::ALL.into()
    }

    #[test]
    fn a_role_is_granted_once() {
        let granter = all();
        let grant_it = |user: &User| grant(user, &role("auditor"), &AUDITOR, &somebody_with(&granter));
        given([registered("ada@x.io")]).when(grant_it).then([granted("auditor")]);
        given([registered("ada@x.io"), granted("auditor")]).when(grant_it).then([]);
        given([registered("ada@x.io"), granted("auditor"), revoked("auditor")])
            .when(grant_it)
            .then([granted("auditor")]);
    }

    #[test]
    fn nobody_has_more_roles_than_may_be() {
        let granter = all();
        let grant_it = |user: &User| grant(user, &role("auditor"), &AUDITOR, &somebody_with(&granter));
        let with = |others: usize| {
            let others = (0..others).map(|n| granted(&format!("role-{n}")));
            [registered("ada@x.io")].into_iter().chain(others).collect::<Vec<_>>()
        };
        given(with(MAX_ROLES - 1)).when(grant_it).then([granted("auditor")]);
        given(with(MAX_ROLES)).when(grant_it).refused(Refusal::TooManyRoles);
    }

    #[test]
    fn nobody_grants_more_than_they_may_do() {
        let granter = [Permission::RolesWrite, Permission::AuditRead].into();
        given([registered("ada@x.io")])
            .when(|user| grant(user, &role("auditor"), &AUDITOR, &somebody_with(&granter)))
            .refused(Refusal::AboveOwnLevel);
    }

    #[test]
    fn nobody_grants_a_role_to_themselves() {
        let granter = Granter { permissions: &all(), is_subject: true };
        given([registered("ada@x.io")])
            .when(|user| grant(user, &role("auditor"), &AUDITOR, &granter))
            .refused(Refusal::SelfGrant);
    }

    #[test]
    fn a_role_that_is_not_there_is_not_granted() {
        let granter = all();
        for missing in [Role::Unknown, Role::Removed] {
            given([registered("ada@x.io")])
                .when(|user| grant(user, &role("clerk"), &missing, &somebody_with(&granter)))
                .refused(Refusal::RoleUnknown);
        }
    }

    #[test]
    fn a_role_is_revoked_once() {
        let revoker = all();
        let revoke_it = |user: &User| revoke(user, &role("auditor"), &AUDITOR, &somebody_with(&revoker));
        given([registered("ada@x.io"), granted("auditor")]).when(revoke_it).then([revoked("auditor")]);
        given([registered("ada@x.io")]).when(revoke_it).then([]);
    }

    #[test]
    fn nobody_revokes_more_than_they_may_do_but_from_themselves() {
        let own = [Permission::RolesWrite, Permission::AuditRead].into();
        let history = [registered("ada@x.io"), granted("auditor")];
        given(history.clone())
            .when(|user| revoke(user, &role("auditor"), &AUDITOR, &somebody_with(&own)))
            .refused(Refusal::AboveOwnLevel);
        let oneself = Granter { permissions: &own, is_subject: true };
        given(history)
            .when(|user| revoke(user, &role("auditor"), &AUDITOR, &oneself))
            .then([revoked("auditor")]);
    }

    #[test]
    fn a_role_that_was_removed_is_revoked_by_anybody_who_may() {
        let own = [Permission::RolesWrite].into();
        given([registered("ada@x.io"), granted("clerk")])
            .when(|user| revoke(user, &role("clerk"), &Role::Removed, &somebody_with(&own)))
            .then([revoked("clerk")]);
    }

    #[test]
    fn a_suspended_person_loses_and_gains_roles_like_anybody() {
        let granter = all();
        given([registered("ada@x.io"), suspended("spam")])
            .when(|user| grant(user, &role("auditor"), &AUDITOR, &somebody_with(&granter)))
            .then([granted("auditor")]);
        given([registered("ada@x.io"), granted("auditor"), suspended("spam")])
            .when(|user| revoke(user, &role("auditor"), &AUDITOR, &somebody_with(&granter)))
            .then([revoked("auditor")]);
    }

    #[test]
    fn who_is_gone_has_no_roles_to_change() {
        let granter = all();
        for (history, refusal) in [
            (vec![], Refusal::UnknownUser),
            (vec![registered("ada@x.io"), Fact::UserDeleted], Refusal::Deleted),
            (vec![registered("ada@x.io"), Fact::UserErased], Refusal::UnknownUser),
        ] {
            given(history.clone())
                .when(|user| grant(user, &role("auditor"), &AUDITOR, &somebody_with(&granter)))
                .refused(refusal);
            given(history)
                .when(|user| revoke(user, &role("auditor"), &AUDITOR, &somebody_with(&granter)))
                .refused(refusal);
        }
    }
}
