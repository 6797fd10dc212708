//! Which roles a person has.

use crate::domain::{Granter, Refusal, Role, User, may_grant};
use events::{Fact, RoleGranted, RoleName, RoleRevoked};

/// Gives a role. Nobody gives more than they have, nor anything to themselves. A role that the person has already
/// says nothing new.
pub fn grant(user: &User, name: &RoleName, role: &Role, granter: &Granter<'_>) -> Result<Vec<Fact>, Refusal> {
    let person = user.changeable()?;
    if person.roles.contains(name) {
        return Ok(vec![]);
    }
    may_grant(role, granter)?;
    Ok(vec![Fact::RoleGranted(RoleGranted { role: name.clone() })])
}

/// Takes a role, also one that was removed meanwhile. A role that the person does not have says nothing new.
///
/// That somebody is left who can administer Evident is the vault's to say, before this is appended.
pub fn revoke(user: &User, name: &RoleName) -> Result<Vec<Fact>, Refusal> {
    match user.changeable()?.roles.contains(name) {
        true => Ok(vec![Fact::RoleRevoked(RoleRevoked { role: name.clone() })]),
        false => Ok(vec![]),
    }
}
