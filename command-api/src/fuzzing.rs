//! Doors for `fuzz/`: what people and clients type, read as commands read it. They are in no other build.

use crate::{
    input::{Address, Password, display_name, reason},
    refresh_token::RefreshTokens,
};

/// Reads an address. What is read has one key, in whichever form it is read again.
pub fn address(text: &str) {
    let Ok(address) = Address::parse(text) else { return };
    let (key, normal) = (address.key(), address.into_value());
    let again = Address::parse(normal.as_str()).map(|again| again.key());
    assert!(again.is_ok_and(|again| again == key), "{text:?} became {:?}", normal.as_str());
}

/// Reads a password that somebody tries.
pub fn password(text: &str) {
    if let Ok(password) = Password::parse(text) {
        let secret = password.into_secret();
        assert!(Password::parse(&secret).is_ok_and(|again| again.into_secret() == secret), "{text:?}");
    }
}

/// Reads a name to show, and a reason.
pub fn name(text: &str) {
    if let Ok(name) = display_name(text) {
        assert!(display_name(name.as_str()).is_ok_and(|again| again == name), "{text:?}");
    }
    // Its value says nothing that could be held against the text.
    drop(reason(text));
}

/// Whether a text that was read as a refresh token is the one that is issued for what it says.
#[must_use]
pub fn refresh_token_is_read_back(text: &str) -> bool {
    let tokens = RefreshTokens::new(&[7; 32]);
    tokens.read(text).is_none_or(|(session, generation)| tokens.issue(session, generation) == text)
}
