//! Personal data inside facts: sealed under a key of its person, so that destroying the key ends the data while
//! the record's bytes stay as they are.
//!
//! A record holds `{"sealed": "profile", "key": "…", "ciphertext": "…"}` where the fact's [`Personal`] stands. The
//! ciphers and the keys themselves are the vault's; here is only what is sealed, under which name, bound to what.

use crate::{EventId, InvalidId, Month, StreamName, UserId};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A value that is one person's own, and that ends with the person's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Personal<T> {
    /// The key lives: this is the value.
    Open(T),
    /// The key is gone, or is not ours to use.
    Erased(bool),
}

impl<T> Personal<T> {
    /// The value, while its key lives.
    pub const fn open(&self) -> Option<&T> {
        match self {
            Personal::Open(value) => Some(value),
            Personal::Erased(_) => None,
        }
    }
}

/// Which of a person's keys seals a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Address, name, and what a picture is. Services that show people hold this key.
    Profile,
    /// Password hash and second factors. Only the command side holds this key.
    Credential,
    /// IP address and user agent: under the profile key and a key of the month, so that retention can end them.
    Network,
}

impl Group {
    /// The group whose value stands in this field of a fact's data.
    ///
    /// The field's name decides, so that every reader of a record knows the group without knowing the fact.
    #[must_use]
    pub fn of_field(field: &str) -> Option<Self> {
        match field {
            "profile" | "picture" | "reason" | "address" => Some(Group::Profile),
            "credential" => Some(Group::Credential),
            "network" => Some(Group::Network),
            _ => None,
        }
    }
}

/// The name of the key that seals a group: `{person}/profile`, `{person}/credential`, `{person}/network/2026-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyName {
    /// Whose key.
    pub person: UserId,
    /// Which of the person's keys.
    pub group: Group,
    /// The month whose key takes part: always for [`Group::Network`], never for the others.
    pub month: Option<Month>,
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let person = self.person;
        match (self.group, self.month) {
            (Group::Profile, _) => write!(f, "{person}/profile"),
            (Group::Credential, _) => write!(f, "{person}/credential"),
            (Group::Network, Some(month)) => write!(f, "{person}/network/{month}"),
            (Group::Network, None) => write!(f, "{person}/network"),
        }
    }
}

impl FromStr for KeyName {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let refused = || InvalidId(text.chars().take(64).collect());
        let (person, key) = text.split_once('/').ok_or_else(refused)?;
        let person = person.parse()?;
        match key.split_once('/') {
            None if key == "profile" => Ok(Self { person, group: Group::Profile, month: None }),
            None if key == "credential" => Ok(Self { person, group: Group::Credential, month: None }),
            Some(("network", month)) => {
                let month = Some(month.parse().map_err(|_| refused())?);
                Ok(Self { person, group: Group::Network, month })
            }
            None | Some(_) => Err(refused()),
        }
    }
}

impl Serialize for KeyName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A sealed group as it stands in a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// Which group this is.
    pub sealed: Group,
    /// The key that opens it.
    pub key: KeyName,
    /// Ciphertext and tag, base64 with padding (RFC 4648 §4).
    pub ciphertext: String,
}

/// What a sealed group is bound to: moved to any other record, stream, type or key, it does not open.
#[derive(Debug, Clone, Copy)]
pub struct SealContext<'a> {
    /// The record's id. It also derives the key for this one group, so that no key seals two values.
    pub event_id: EventId,
    /// The record's stream.
    pub stream: &'a StreamName,
    /// The record's type.
    pub event_type: &'a str,
    /// The key's name.
    pub key: KeyName,
}

impl SealContext<'_> {
    /// The associated data (RFC 8452): each part on a line of its own. None of the parts can hold a line feed.
    #[must_use]
    pub fn associated_data(&self) -> Vec<u8> {
        format!("evident/1\n{}\n{}\n{}\n{}", self.event_id, self.stream, self.event_type, self.key)
            .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use uuid::Uuid;

    #[test]
    fn a_key_is_read_as_it_is_written() {
        let person = UserId(Uuid::from_u128(7));
        let month = Some(Timestamp::from_micros(0).month());
        for key in [
            KeyName { person, group: Group::Profile, month: None },
            KeyName { person, group: Group::Credential, month: None },
            KeyName { person, group: Group::Network, month },
        ] {
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        assert!(format!("{person}/network").parse::<KeyName>().is_err());
        assert!(format!("{person}/other").parse::<KeyName>().is_err());
    }
}
