//! A legal hold on a person: whatever is decided about them, they are not erased.

use crate::domain::{Refusal, SuspensionReason, User};
use events::{Fact, Personal, UserHoldPlaced};

/// Keeps a person from being erased until somebody lifts it; also one whose account is closed already. Saying it twice
/// changes nothing, not even the reason.
pub fn place_hold(user: &User, reason: SuspensionReason) -> Result<Vec<Fact>, Refusal> {
    match user.person() {
        Some(person) if person.held => Ok(vec![]),
        Some(_) => {
            Ok(vec![Fact::UserHoldPlaced(UserHoldPlaced { reason: Personal::Open(reason.into_fact()) })])
        }
        None => Err(Refusal::UnknownUser),
    }
}

/// Lets a person be erased again. Of whom nothing is held stays as they are.
pub fn lift_hold(user: &User) -> Result<Vec<Fact>, Refusal> {
    match user.person() {
        Some(person) if person.held => Ok(vec![Fact::UserHoldLifted]),
        Some(_) => Ok(vec![]),
        None => Err(Refusal::UnknownUser),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{delete, erase, tests::support::*};

    fn reason(text: &str) -> SuspensionReason {
        SuspensionReason::new(text.to_owned()).expect("a reason")
    }

    fn held(text: &str) -> Fact {
        Fact::UserHoldPlaced(UserHoldPlaced { reason: Personal::Open(reason(text).into_fact()) })
    }

    #[test]
    fn whoever_is_there_can_be_held_once() {
        for history in [vec![], vec![suspended("spam")], vec![Fact::UserDeleted]] {
            let before = [vec![registered("ada@x.io")], history].concat();
            given(before.clone()).when(|user| place_hold(user, reason("a claim"))).then([held("a claim")]);
            let held = [before, vec![held("a claim")]].concat();
            given(held.clone()).when(|user| place_hold(user, reason("another"))).then([]);
            given(held).when(lift_hold).then([Fact::UserHoldLifted]);
        }
        given([registered("ada@x.io")]).when(lift_hold).then([]);
    }

    #[test]
    fn nobody_is_held_who_is_not_there() {
        for history in [vec![], vec![registered("ada@x.io"), Fact::UserErased]] {
            given(history.clone())
                .when(|user| place_hold(user, reason("late")))
                .refused(Refusal::UnknownUser);
            given(history).when(lift_hold).refused(Refusal::UnknownUser);
        }
    }

    #[test]
    fn who_is_held_can_be_deleted_and_not_erased_until_it_is_lifted() {
        given([registered("ada@x.io"), held("a claim")]).when(delete).then([Fact::UserDeleted]);
        let closed = [registered("ada@x.io"), held("a claim"), Fact::UserDeleted];
        given(closed.clone()).when(erase).refused(Refusal::LegalHold);
        let lifted = [closed.to_vec(), vec![Fact::UserHoldLifted]].concat();
        given(lifted).when(erase).then([Fact::UserErased]);
    }

    #[test]
    fn a_hold_moves_nothing_that_its_person_sees_but_the_version() {
        let before = given([registered("ada@x.io"), Fact::UserDeleted]).user;
        let after = given([registered("ada@x.io"), Fact::UserDeleted, held("a claim")]).user;
        let (before, after) = (before.person().expect("somebody"), after.person().expect("somebody"));
        assert_eq!(before.updated_at, after.updated_at);
        assert_ne!(before.version, after.version);
    }
}
