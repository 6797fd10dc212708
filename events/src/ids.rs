//! Ids: UUIDs (RFC 9562) with a type each, so that a session can never stand where a user is meant.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// A text that is not a UUID in its hyphenated lower-case form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("id {0:?} is not a UUID")]
pub struct InvalidId(pub String);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            /// Accepts the hyphenated form only, so that one id has one spelling in paths, streams and caches.
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                match (text.len(), Uuid::try_parse(text)) {
                    (36, Ok(id)) => Ok(Self(id)),
                    (_, Ok(_) | Err(_)) => Err(InvalidId(text.chars().take(64).collect())),
                }
            }
        }
    };
}

id! {
    /// A person who can sign in.
    UserId
}
id! {
    /// One sign-in and everything that is refreshed from it.
    SessionId
}
id! {
    /// A program that acts by itself, by keys of its own.
    ServiceAccountId
}
id! {
    /// One key of a service account.
    KeyId
}
id! {
    /// One picture of a person.
    PictureId
}
id! {
    /// One record. UUIDv7, so that the log's unique index grows at its end.
    EventId
}
id! {
    /// One log. Positions compare only under the same one.
    LogId
}
