//! How a person is known.

use crate::domain::{DisplayName, Refusal, User};
use events::{Fact, Personal, Profile, ProfileChanged};

/// Sets the whole profile but for the address, which has ways of its own. The same profile again says nothing new.
pub fn change_profile(user: &User, display_name: Option<DisplayName>) -> Result<Vec<Fact>, Refusal> {
    let person = user.changeable()?;
    // Without its key a profile is erased, even in the moment before the record says so.
    let profile = person.profile.as_ref().ok_or(Refusal::UnknownUser)?;
    let display_name = display_name.map(DisplayName::into_inner);
    if profile.display_name == display_name {
        return Ok(vec![]);
    }
    person.must_have_room()?;
    let profile = Profile { email: profile.email.clone(), display_name };
    Ok(vec![Fact::ProfileChanged(ProfileChanged { profile: Personal::Open(profile) })])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::revoke_sessions;
    use crate::domain::tests::support::*;
    use events::{RevocationCause, UserRegistered};

    #[test]
    fn a_name_is_set_changed_and_taken_away() {
        let ada = || registered("ada@x.io");
        given([ada()])
            .when(|user| change_profile(user, Some(name("Ada"))))
            .then([renamed("ada@x.io", Some("Ada"))]);
        given([ada(), renamed("ada@x.io", Some("Ada"))])
            .when(|user| change_profile(user, Some(name("Ada L."))))
            .then([renamed("ada@x.io", Some("Ada L."))]);
        given([ada(), renamed("ada@x.io", Some("Ada"))])
            .when(|user| change_profile(user, None))
            .then([renamed("ada@x.io", None)]);
    }

    #[test]
    fn a_history_that_grew_too_long_has_no_room_for_another_name() {
        let names = |count: u64| (0..count).map(|n| renamed("ada@x.io", Some(&format!("Ada {n}"))));
        let history = |count| [registered("ada@x.io")].into_iter().chain(names(count));
        given(history(1_998))
            .when(|user| change_profile(user, Some(name("Ada"))))
            .then([renamed("ada@x.io", Some("Ada"))]);
        given(history(1_999))
            .when(|user| change_profile(user, Some(name("Ada"))))
            .refused(Refusal::HistoryFull);
        // Whoever looks after the account still does.
        given(history(1_999))
            .when(revoke_sessions)
            .then([sessions_revoked(None, RevocationCause::RequestedByOther)]);
    }

    #[test]
    fn the_same_profile_again_says_nothing_new() {
        given([registered("ada@x.io")]).when(|user| change_profile(user, None)).then([]);
        given([registered("ada@x.io"), renamed("ada@x.io", Some("Ada"))])
            .when(|user| change_profile(user, Some(name("Ada"))))
            .then([]);
    }

    #[test]
    fn a_suspended_person_can_be_renamed() {
        given([registered("ada@x.io"), suspended("spam")])
            .when(|user| change_profile(user, Some(name("Ada"))))
            .then([renamed("ada@x.io", Some("Ada"))]);
    }

    #[test]
    fn a_deleted_person_stays_as_they_were() {
        given([registered("ada@x.io"), Fact::UserDeleted])
            .when(|user| change_profile(user, Some(name("Ada"))))
            .refused(Refusal::Deleted);
    }

    #[test]
    fn an_erased_person_is_as_unknown_as_nobody() {
        for history in [vec![], vec![registered("ada@x.io"), Fact::UserErased]] {
            given(history).when(|user| change_profile(user, None)).refused(Refusal::UnknownUser);
        }
    }

    #[test]
    fn a_person_whose_key_is_gone_is_unknown_before_the_record_says_so() {
        let roles = vec![];
        let keyless =
            UserRegistered { profile: Personal::Erased(true), credential: None, roles, network: None };
        given([Fact::UserRegistered(keyless)])
            .when(|user| change_profile(user, Some(name("Ada"))))
            .refused(Refusal::UnknownUser);
    }
}
