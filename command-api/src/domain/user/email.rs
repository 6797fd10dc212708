//! The address that somebody is known by, and that it is theirs.

use crate::domain::{EmailAddress, OwnSession, Refusal, User};
use events::{Address, EmailChangeRequested, EmailChanged, Fact, Personal, Profile, Version};

/// The person has followed the link that was mailed to the address of this version.
pub fn verify_email(user: &User, address_version: Version) -> Result<Vec<Fact>, Refusal> {
    let person = user.changeable().map_err(|_| Refusal::MailTokenSpent)?;
    match person.address_version == address_version && !person.email_verified {
        true => Ok(vec![Fact::EmailVerified]),
        false => Err(Refusal::MailTokenSpent),
    }
}

/// The person asks to be known by another address, having given their password once more. It is theirs once it is
/// verified; asking again makes the earlier wish void.
///
/// `verified` is the [`password_version`](crate::domain::Person::password_version) that the password was checked
/// against.
pub fn request_email_change(
    user: &User,
    session: OwnSession,
    verified: Version,
    email: EmailAddress,
) -> Result<Vec<Fact>, Refusal> {
    session.must_stand(user)?;
    user.must_have_verified(verified)?;
    let person = user.changeable()?;
    let profile = person.profile.as_ref().ok_or(Refusal::UnknownUser)?;
    if profile.email == email.as_str() {
        return Ok(vec![]);
    }
    person.must_have_room()?;
    let address = Personal::Open(Address { email: email.into_inner() });
    Ok(vec![Fact::EmailChangeRequested(EmailChangeRequested { address })])
}

/// The person has followed the link that was mailed to the address that they asked for at this version.
pub fn change_email(user: &User, asked_at: Version) -> Result<Vec<Fact>, Refusal> {
    let person = user.changeable().map_err(|_| Refusal::MailTokenSpent)?;
    let wished = person.email_change.as_ref().filter(|change| change.version == asked_at);
    let (Some(email), Some(profile)) = (wished.and_then(|change| change.email.clone()), &person.profile)
    else {
        return Err(Refusal::MailTokenSpent);
    };
    let profile = Profile { email, display_name: profile.display_name.clone() };
    Ok(vec![Fact::EmailChanged(EmailChanged { profile: Personal::Open(profile) })])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::support::*;

    const FIRST: Version = Version(1);

    fn wished(email: &str) -> Fact {
        let address = Personal::Open(Address { email: email.to_owned() });
        Fact::EmailChangeRequested(EmailChangeRequested { address })
    }

    fn changed(email: &str) -> Fact {
        let profile = Profile { email: email.to_owned(), display_name: None };
        Fact::EmailChanged(EmailChanged { profile: Personal::Open(profile) })
    }

    #[test]
    fn an_address_is_verified_once() {
        given([registered("ada@x.io")]).when(|user| verify_email(user, FIRST)).then([Fact::EmailVerified]);
        given([registered("ada@x.io"), Fact::EmailVerified])
            .when(|user| verify_email(user, FIRST))
            .refused(Refusal::MailTokenSpent);
    }

    #[test]
    fn a_link_to_another_address_verifies_nothing() {
        given([registered("ada@x.io"), wished("ada@y.io"), changed("ada@y.io")])
            .when(|user| verify_email(user, FIRST))
            .refused(Refusal::MailTokenSpent);
    }

    #[test]
    fn whoever_is_not_there_verifies_nothing() {
        for history in [vec![], vec![registered("ada@x.io"), Fact::UserDeleted]] {
            given(history.clone()).when(|user| verify_email(user, FIRST)).refused(Refusal::MailTokenSpent);
            given(history).when(|user| change_email(user, FIRST)).refused(Refusal::MailTokenSpent);
        }
    }

    #[test]
    fn another_address_is_ones_own_once_it_is_verified() {
        given([registered("ada@x.io")])
            .when(|user| request_email_change(user, own_session(), FIRST, email("ada@y.io")))
            .then([wished("ada@y.io")]);
        let wish = given([registered("ada@x.io"), wished("ada@y.io")]);
        assert_eq!(
            wish.user.person().and_then(|ada| ada.profile.clone()).expect("a profile").email,
            "ada@x.io"
        );
        wish.when(|user| change_email(user, Version(2))).then([changed("ada@y.io")]);
    }

    #[test]
    fn the_address_that_one_has_is_no_other() {
        given([registered("ada@x.io")])
            .when(|user| request_email_change(user, own_session(), FIRST, email("ada@x.io")))
            .then([]);
    }

    #[test]
    fn a_wish_is_void_after_a_newer_one_a_change_or_another_password() {
        for later in [wished("ada@z.io"), changed("ada@y.io"), password_changed("second")] {
            given([registered("ada@x.io"), wished("ada@y.io"), later])
                .when(|user| change_email(user, Version(2)))
                .refused(Refusal::MailTokenSpent);
        }
    }

    #[test]
    fn an_address_is_changed_with_the_password_of_now() {
        given([registered("ada@x.io"), password_changed("second")])
            .when(|user| request_email_change(user, own_session(), FIRST, email("ada@y.io")))
            .refused(Refusal::WrongPassword);
    }
}
