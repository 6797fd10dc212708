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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::support::{given, minute, network, registered, suspended};
    use events::{FailureCause, LockedOut, LockoutScope, Personal, SignInFailed};

    fn failed() -> Fact {
        let cause = FailureCause::WrongPassword;
        Fact::SignInFailed(SignInFailed { cause, failures: 1, network: Personal::Open(network()) })
    }

    fn locked() -> Fact {
        let (scope, until, network) = (LockoutScope::Source, minute(1), Personal::Open(network()));
        Fact::LockedOut(LockedOut { scope, until, failures: 5, network })
    }

    #[test]
    fn a_lockout_is_lifted_once() {
        for last in [failed(), locked()] {
            given([registered("ada@x.io")])
                .when(|user| lift_lockout(user, Some(&last)))
                .then([Fact::LockoutLifted]);
        }
        given([registered("ada@x.io")]).when(|user| lift_lockout(user, Some(&Fact::LockoutLifted))).then([]);
        given([registered("ada@x.io")]).when(|user| lift_lockout(user, None)).then([]);
    }

    #[test]
    fn a_suspended_persons_lockout_can_be_lifted() {
        given([registered("ada@x.io"), suspended("spam")])
            .when(|user| lift_lockout(user, Some(&locked())))
            .then([Fact::LockoutLifted]);
    }

    #[test]
    fn who_is_gone_is_not_let_in_again() {
        for (history, refusal) in [
            (vec![], Refusal::UnknownUser),
            (vec![registered("ada@x.io"), Fact::UserDeleted], Refusal::Deleted),
            (vec![registered("ada@x.io"), Fact::UserErased], Refusal::UnknownUser),
        ] {
            given(history).when(|user| lift_lockout(user, Some(&locked()))).refused(refusal);
        }
    }
}
