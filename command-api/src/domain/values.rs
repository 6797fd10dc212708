//! Values that commands carry. A value that exists keeps its rule; how one is read from a request is `input`.

use events::{Credential, Reason};
use std::fmt;

/// A text that breaks the rule of the value that it should become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidValue(
    /// The rule.
    pub &'static str,
);

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidValue {}

/// A mail address in its normal form: at most 254 bytes (RFC 5321 §4.5.3.1), something on each side of the last `@`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// From an address that `input` has normalised already. MUST be normal: it is what uniqueness compares.
    pub fn normalised(text: String) -> Result<Self, InvalidValue> {
        let sides =
            text.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
        match sides && text.len() <= 254 && !text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            true => Ok(Self(text)),
            false => Err(InvalidValue("an address is local@domain, at most 254 bytes, without blanks")),
        }
    }

    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn into_inner(self) -> String {
        self.0
    }
}

/// The name to show: 1 to 200 characters, something to see in it, no control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DisplayName(String);

impl DisplayName {
    /// Keeps the text as it is: people know how their names are written.
    pub fn new(text: String) -> Result<Self, InvalidValue> {
        match (1..=200).contains(&text.chars().count()) && printable(&text) {
            true => Ok(Self(text)),
            false => {
                Err(InvalidValue("a name is 1 to 200 characters, not blank, without control characters"))
            }
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn into_inner(self) -> String {
        self.0
    }
}

/// Why somebody is suspended, in the words of who did it: 1 to 500 characters, no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuspensionReason(String);

impl SuspensionReason {
    /// Keeps the text as it is.
    pub fn new(text: String) -> Result<Self, InvalidValue> {
        match (1..=500).contains(&text.chars().count()) && printable(&text) {
            true => Ok(Self(text)),
            false => {
                Err(InvalidValue("a reason is 1 to 500 characters, not blank, without control characters"))
            }
        }
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn into_fact(self) -> Reason {
        Reason { text: self.0 }
    }
}

/// A password's hash, a PHC string that `hashing` made. Never shown, also not to debuggers.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// From the PHC string. It is not looked into here; whoever verifies against it does.
    #[must_use]
    pub const fn from_phc(text: String) -> Self {
        Self(text)
    }

    /// The PHC string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn into_fact(self) -> Credential {
        Credential { password_hash: self.0 }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

fn printable(text: &str) -> bool {
    !text.chars().any(char::is_control) && !text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_two_sides_and_a_length() {
        for right in ["a@b", "ada@x.io", "\"a@b\"@x.io", &format!("{}@x.io", "a".repeat(249))] {
            assert!(EmailAddress::normalised(right.to_owned()).is_ok(), "{right}");
        }
        for wrong in ["", "a", "@b", "a@", "a b@c", "a@b\r\nBcc:c@d", &format!("{}@x.io", "a".repeat(250))] {
            assert!(EmailAddress::normalised(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_shows_something() {
        for right in ["A", "Ada Lovelace", "李", &"ä".repeat(200)] {
            assert!(DisplayName::new(right.to_owned()).is_ok(), "{right}");
        }
        for wrong in ["", "   ", "Ada\u{0}", "Ada\nLovelace", &"ä".repeat(201)] {
            assert!(DisplayName::new(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_reason_is_bounded() {
        assert!(SuspensionReason::new("a".repeat(500)).is_ok());
        assert!(SuspensionReason::new("a".repeat(501)).is_err());
        assert!(SuspensionReason::new(" ".to_owned()).is_err());
    }

    #[test]
    fn a_hash_is_not_shown() {
        assert_eq!(format!("{:?}", PasswordHash::from_phc("$argon2id$…".to_owned())), "PasswordHash(…)");
    }
}
