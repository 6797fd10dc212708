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
    let profile = Profile { email: profile.email.clone(), display_name };
    Ok(vec![Fact::ProfileChanged(ProfileChanged { profile: Personal::Open(profile) })])
}
