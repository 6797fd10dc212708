//! Streams: one short history each. What happens often never lands on the stream that is read to decide.

use crate::{KeyId, RoleName, ServiceAccountId, SessionId, UserId};
use std::{fmt, str::FromStr, sync::Arc};

/// The longest stream name, in bytes.
pub const MAX_STREAM_NAME_BYTES: usize = 200;

/// The name of one stream, `<category>-<id>`: 1 to 200 bytes without control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName(Arc<str>);

/// A text that cannot name a stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stream name {0:?} is empty, over 200 bytes, or holds control characters")]
pub struct InvalidStreamName(pub String);

/// What a mail is asked for that anybody may ask for who knows somebody's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTopic {
    /// To choose another password.
    Reset,
    /// To verify the address.
    Verification,
    /// To be told that the address has an account.
    Notice,
}

/// What a stream's records are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Category {
    /// `user-{id}`: who somebody is. Read whole before each decision about them.
    User(UserId),
    /// `signin-{id}`: failed sign-ins and lockouts of one account. Its last record says all.
    SignIn(UserId),
    /// `reset-{id}`, `verification-{id}`, `notice-{id}`: mails that were asked for by who need not be signed in. The last
    /// record of each says all.
    Mail(UserId),
    /// `factor-{id}`: what is used up of a person's second factor. Its last record says all.
    Factor(UserId),
    /// `session-{id}`: one sign-in's life. Its last record says all.
    Session(SessionId),
    /// `role-{name}`: what a role permits. Its last record says all.
    Role(RoleName),
    /// `service-{id}`: a service account and its keys. Read whole before each decision about it.
    Service(ServiceAccountId),
    /// `keyuse-{key}`: on which days a key was used. Its last record says all.
    KeyUse(KeyId),
    /// `export-{id}`: one export of the log. It holds one record.
    Export,
    /// `retention-network`: which periods must not be forgotten yet, and which months were. Read whole to decide.
    Retention,
    /// A stream that this version of Evident does not know.
    Unknown,
}

impl StreamName {
    /// The stream of a person's identity.
    #[must_use]
    pub fn user(id: UserId) -> Self {
        Self(format!("user-{id}").into())
    }

    /// The stream of an account's failed sign-ins.
    #[must_use]
    pub fn sign_in(id: UserId) -> Self {
        Self(format!("signin-{id}").into())
    }

    /// The stream of the mails of one topic that were asked for about an account.
    #[must_use]
    pub fn mail(topic: MailTopic, id: UserId) -> Self {
        let category = match topic {
            MailTopic::Reset => "reset",
            MailTopic::Verification => "verification",
            MailTopic::Notice => "notice",
        };
        Self(format!("{category}-{id}").into())
    }

    /// The stream of what is used up of a person's second factor.
    #[must_use]
    pub fn factor(id: UserId) -> Self {
        Self(format!("factor-{id}").into())
    }

    /// The stream of a session.
    #[must_use]
    pub fn session(id: SessionId) -> Self {
        Self(format!("session-{id}").into())
    }

    /// The stream of a role.
    #[must_use]
    pub fn role(name: &RoleName) -> Self {
        Self(format!("role-{name}").into())
    }

    /// The stream of a service account and its keys.
    #[must_use]
    pub fn service(id: ServiceAccountId) -> Self {
        Self(format!("service-{id}").into())
    }

    /// The stream of a key's use.
    #[must_use]
    pub fn key_use(id: KeyId) -> Self {
        Self(format!("keyuse-{id}").into())
    }

    /// The stream of one export, named by the id of its only event.
    #[must_use]
    pub fn export(id: crate::EventId) -> Self {
        Self(format!("export-{id}").into())
    }

    /// The stream of what becomes of network facts.
    #[must_use]
    pub fn retention() -> Self {
        Self("retention-network".into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the stream is about, read from its name.
    #[must_use]
    pub fn category(&self) -> Category {
        let parsed = self.0.split_once('-').and_then(|(category, id)| match category {
            "user" => id.parse().ok().map(Category::User),
            "signin" => id.parse().ok().map(Category::SignIn),
            "reset" | "verification" | "notice" => id.parse().ok().map(Category::Mail),
            "factor" => id.parse().ok().map(Category::Factor),
            "session" => id.parse().ok().map(Category::Session),
            "role" => id.parse().ok().map(Category::Role),
            "service" => id.parse().ok().map(Category::Service),
            "keyuse" => id.parse().ok().map(Category::KeyUse),
            "export" => Some(Category::Export),
            "retention" => (id == "network").then_some(Category::Retention),
            _ => None,
        });
        parsed.unwrap_or(Category::Unknown)
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for StreamName {
    type Err = InvalidStreamName;

    fn from_str(text: &str) -> Result<Self, InvalidStreamName> {
        let fits = (1..=MAX_STREAM_NAME_BYTES).contains(&text.len()) && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.into())) } else { Err(InvalidStreamName(text.chars().take(64).collect())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_stream_tells_what_it_is_about() {
        let user = UserId(Uuid::from_u128(7));
        assert_eq!(StreamName::user(user).category(), Category::User(user));
        assert_eq!(StreamName::sign_in(user).category(), Category::SignIn(user));
        for topic in [MailTopic::Reset, MailTopic::Verification, MailTopic::Notice] {
            assert_eq!(StreamName::mail(topic, user).category(), Category::Mail(user));
        }
        assert_eq!(StreamName::factor(user).category(), Category::Factor(user));
        let session = SessionId(Uuid::from_u128(8));
        assert_eq!(StreamName::session(session).category(), Category::Session(session));
        let role: RoleName = "front-desk".parse().expect("a role name");
        assert_eq!(StreamName::role(&role).category(), Category::Role(role));
        assert_eq!("user-7".parse::<StreamName>().expect("a name").category(), Category::Unknown);
    }

    #[test]
    fn a_name_is_bounded_and_printable() {
        assert!("".parse::<StreamName>().is_err());
        assert!("user-\u{0}".parse::<StreamName>().is_err());
        assert!("é".repeat(100).parse::<StreamName>().is_ok());
        assert!("é".repeat(101).parse::<StreamName>().is_err());
    }
}
