//! Coming to be.

use crate::domain::{
    DisplayName, EmailAddress, Granter, MAX_ROLES, PasswordHash, Refusal, Role, User, may_grant,
};
use events::{BuiltInRole, Fact, Network, Personal, Profile, RoleName, UserRegistered};
use std::collections::BTreeSet;

/// Somebody who is not there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    /// The address; the directory has claimed it already.
    pub email: EmailAddress,
    /// The name to show.
    pub display_name: Option<DisplayName>,
    /// The chosen password's hash; `None` when somebody else makes the account.
    pub password_hash: Option<PasswordHash>,
    /// From where; `None` when a machine does it.
    pub network: Option<Network>,
}

/// Somebody makes an account for themselves. Everybody begins with the role `user`.
pub fn register(user: &User, newcomer: Newcomer) -> Result<Vec<Fact>, Refusal> {
    Ok(vec![Fact::UserRegistered(begin(user, newcomer, BTreeSet::new())?)])
}

/// Somebody makes an account for somebody else, with roles beside `user` that they may grant.
pub fn create(
    user: &User,
    newcomer: Newcomer,
    roles: &[(RoleName, Role)],
    granter: &Granter<'_>,
) -> Result<Vec<Fact>, Refusal> {
    for (_, role) in roles {
        may_grant(role, granter)?;
    }
    let beginning = begin(user, newcomer, roles.iter().map(|(name, _)| name.clone()).collect())?;
    Ok(vec![Fact::UserRegistered(beginning)])
}

/// The same, and the person is asked by mail to choose a password.
pub fn invite(
    user: &User,
    newcomer: Newcomer,
    roles: &[(RoleName, Role)],
    granter: &Granter<'_>,
) -> Result<Vec<Fact>, Refusal> {
    let mut facts = create(user, newcomer, roles, granter)?;
    facts.push(Fact::UserInvited);
    Ok(facts)
}

/// Somebody who may brings somebody along from another system, with the hash that was made there and with roles beside
/// `user` that they may grant. `verified` is what that system knew of the address; when it said nothing, an address is
/// verified as everybody's is: an operator answers for it, and nobody else does.
pub fn import(
    user: &User,
    newcomer: Newcomer,
    verified: Option<bool>,
    roles: &[(RoleName, Role)],
    granter: &Granter<'_>,
) -> Result<Vec<Fact>, Refusal> {
    for (_, role) in roles {
        may_grant(role, granter)?;
    }
    // Whoever comes to be from nowhere counts as verified; somebody who is not comes from somewhere that is not known.
    let answered_for = newcomer.network.is_none();
    let somewhere = Network::UNKNOWN;
    let newcomer = match verified {
        Some(false) if answered_for => Newcomer { network: Some(somewhere), ..newcomer },
        Some(_) | None => newcomer,
    };
    let beginning = begin(user, newcomer, roles.iter().map(|(name, _)| name.clone()).collect())?;
    let mut facts = vec![Fact::UserImported(beginning)];
    if verified == Some(true) && !answered_for {
        facts.push(Fact::EmailVerified);
    }
    Ok(facts)
}

fn begin(user: &User, newcomer: Newcomer, mut roles: BTreeSet<RoleName>) -> Result<UserRegistered, Refusal> {
    match user {
        User::Unknown => {}
        User::Active(_) | User::Suspended(_) | User::Deleted(_) | User::Erased => {
            return Err(Refusal::UserExists);
        }
    }
    roles.insert(BuiltInRole::User.name());
    if roles.len() > MAX_ROLES + 1 {
        return Err(Refusal::TooManyRoles);
    }
    Ok(UserRegistered {
        profile: Personal::Open(Profile {
            email: newcomer.email.into_inner(),
            display_name: newcomer.display_name.map(DisplayName::into_inner),
        }),
        credential: newcomer.password_hash.map(|hash| Personal::Open(hash.into_fact())),
        roles: roles.into_iter().collect(),
        network: newcomer.network.map(Personal::Open),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::support::*;
    use events::Permission;

    fn newcomer(password_hash: Option<&str>) -> Newcomer {
        Newcomer {
            email: email("ada@x.io"),
            display_name: None,
            password_hash: password_hash.map(hash),
            network: Some(network()),
        }
    }

    #[test]
    fn whoever_registers_has_the_role_user() {
        given([]).when(|user| register(user, newcomer(Some("first")))).then([registered("ada@x.io")]);
    }

    #[test]
    fn nobody_registers_over_somebody() {
        for history in [
            vec![registered("bob@x.io")],
            vec![registered("bob@x.io"), suspended("spam")],
            vec![registered("bob@x.io"), Fact::UserDeleted],
            vec![registered("bob@x.io"), Fact::UserErased],
        ] {
            given(history.clone()).when(|user| register(user, newcomer(None))).refused(Refusal::UserExists);
            let all = Permission::ALL.into();
            let created = |user: &User| create(user, newcomer(None), &[], &somebody_with(&all));
            given(history).when(created).refused(Refusal::UserExists);
        }
    }

    #[test]
    fn who_is_created_has_no_password_and_the_roles_that_were_given() {
        let all = Permission::ALL.into();
        let roles =
            [(role("admin"), Role::BuiltIn(BuiltInRole::Admin)), (role("clerk"), Role::Defined([].into()))];
        let Fact::UserRegistered(mut expected) = registered_with("ada@x.io", None) else { unreachable!() };
        expected.roles = vec![role("admin"), role("clerk"), role("user")];
        given([])
            .when(|user| create(user, newcomer(None), &roles, &somebody_with(&all)))
            .then([Fact::UserRegistered(expected)]);
    }

    #[test]
    fn who_is_imported_keeps_the_hash_that_came_along() {
        let all = Permission::ALL.into();
        let Fact::UserRegistered(expected) = registered_with("ada@x.io", Some("$2b$10$…")) else {
            unreachable!()
        };
        given([])
            .when(|user| import(user, newcomer(Some("$2b$10$…")), None, &[], &somebody_with(&all)))
            .then([Fact::UserImported(expected)]);
        given([registered("ada@x.io"), Fact::UserErased])
            .when(|user| import(user, newcomer(None), None, &[], &somebody_with(&all)))
            .refused(Refusal::UserExists);
    }

    #[test]
    fn an_imported_address_is_as_verified_as_was_said_and_else_as_whoever_imports_answers_for_it() {
        let all = Permission::ALL.into();
        let by_operator = || Newcomer { network: None, ..newcomer(None) };
        for (newcomer, said, expected) in [
            (newcomer(None), None, false),
            (newcomer(None), Some(false), false),
            (newcomer(None), Some(true), true),
            (by_operator(), None, true),
            (by_operator(), Some(false), false),
            (by_operator(), Some(true), true),
        ] {
            let facts =
                import(&User::Unknown, newcomer, said, &[], &somebody_with(&all)).expect("nobody is there");
            let [Fact::UserImported(imported), others @ ..] = &facts[..] else { panic!("{facts:?}") };
            let verified = imported.network.is_none() || others == [Fact::EmailVerified];
            assert_eq!(verified, expected, "{said:?}: {facts:?}");
            assert!(others.len() <= usize::from(said == Some(true)), "{facts:?}");
        }
    }

    #[test]
    fn nobody_creates_somebody_above_themselves() {
        let few = [Permission::UsersRead, Permission::UsersWrite].into();
        let admin = [(role("admin"), Role::BuiltIn(BuiltInRole::Admin))];
        given([])
            .when(|user| import(user, newcomer(None), None, &admin, &somebody_with(&few)))
            .refused(Refusal::AboveOwnLevel);
        given([])
            .when(|user| create(user, newcomer(None), &admin, &somebody_with(&few)))
            .refused(Refusal::AboveOwnLevel);
    }

    #[test]
    fn nobody_is_created_with_a_role_that_is_not_there() {
        let all = Permission::ALL.into();
        for missing in [Role::Unknown, Role::Removed] {
            let roles = [(role("clerk"), missing)];
            given([])
                .when(|user| create(user, newcomer(None), &roles, &somebody_with(&all)))
                .refused(Refusal::RoleUnknown);
        }
    }
}
