//! What names a legal hold on a period.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The name of a hold: 1 to 64 of `a-z`, `0-9`, `-`, `_`, `.`, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HoldName(String);

/// A text that cannot name a hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("hold name {0:?} is not 1 to 64 of a-z, 0-9, '-', '_', '.', beginning with a letter")]
pub struct InvalidHoldName(pub String);

impl HoldName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HoldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HoldName {
    type Err = InvalidHoldName;

    fn from_str(text: &str) -> Result<Self, InvalidHoldName> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        match (1..=64).contains(&text.len())
            && text.as_bytes()[0].is_ascii_lowercase()
            && text.bytes().all(plain)
        {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidHoldName(text.chars().take(64).collect())),
        }
    }
}

impl TryFrom<String> for HoldName {
    type Error = InvalidHoldName;

    fn try_from(text: String) -> Result<Self, InvalidHoldName> {
        text.parse()
    }
}

impl From<HoldName> for String {
    fn from(name: HoldName) -> Self {
        name.0
    }
}
