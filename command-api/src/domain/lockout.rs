//! Lifting a lockout before its time.

use super::{Refusal, User};
use events::Fact;

/// Lets people guess again at an account that was locked. `last` is the last record of `signin-{id}`: when nothing
/// failed since the last lifting, there is nothing new to say. Forgetting the tallies is the vault's.
pub fn lift_lockout(user: &User, last: Option<&Fact>) -> Result<Vec<Fact>, Refusal> {
    user.changeable()?;
    match last {
        None | Some(Fact::LockoutLifted) => Ok(vec![]),
        Some(_) => Ok(vec![Fact::LockoutLifted]),
    }
}
