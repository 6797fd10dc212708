//! The ids and the moment of one command, the same each time that it is tried.
//!
//! They are derived from a seed. A command with an `Idempotency-Key` finds the seed of its first try in the vault, so
//! that a second try drafts the very same events; the log then answers it as the first time and appends nothing.

use aws_lc_rs::hmac;
use events::{EventId, KeyId, PictureId, Salt, ServiceAccountId, SessionId, Timestamp, UserId};
use uuid::{Builder, Uuid};

/// Whatever is derived from one seed, by what it is for.
#[derive(Clone)]
pub(crate) struct Ids {
    key: hmac::Key,
    at: Timestamp,
    again: bool,
}

impl Ids {
    /// `at` is the moment of the first try; each event of the command carries it.
    pub(crate) fn new(seed: [u8; 16], at: Timestamp) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &seed), at, again: false }
    }

    /// The same for a command that was tried before, so that its events may stand in the log already.
    pub(crate) fn again(seed: [u8; 16], at: Timestamp) -> Self {
        Self { again: true, ..Self::new(seed, at) }
    }

    /// Whether its events may stand in the log already.
    pub(crate) const fn are_known(&self) -> bool {
        self.again
    }

    /// When the command was first tried.
    pub(crate) const fn at(&self) -> Timestamp {
        self.at
    }

    /// The id of the nth event that the command appends.
    pub(crate) fn event(&self, n: usize) -> EventId {
        EventId(self.uuid(b"event", n))
    }

    /// The 128 random bits of that event.
    pub(crate) fn salt(&self, n: usize) -> Salt {
        let mut salt = [0; 16];
        salt.copy_from_slice(&self.derive(b"salt", n).as_ref()[..16]);
        Salt(salt)
    }

    /// The ids of what follows from the command: another append, on whatever stream.
    pub(crate) fn then(&self, what: &'static str) -> Self {
        self.under(&self.derive(what.as_bytes(), 0))
    }

    /// The ids of the nth of many things that the command does, each with events of its own.
    pub(crate) fn nth(&self, n: usize) -> Self {
        self.under(&self.derive(b"one of many", n))
    }

    fn under(&self, key: &hmac::Tag) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()), ..self.clone() }
    }

    /// The id of a person whom the command brings to be.
    pub(crate) fn user(&self) -> UserId {
        UserId(self.uuid(b"new user", 0))
    }

    /// The id of a picture that the command has kept.
    pub(crate) fn picture(&self) -> PictureId {
        PictureId(self.uuid(b"new picture", 0))
    }

    /// The id of a session that the command starts.
    pub(crate) fn session(&self) -> SessionId {
        SessionId(self.uuid(b"new session", 0))
    }

    /// The id of a service account that the command creates.
    pub(crate) fn service_account(&self) -> ServiceAccountId {
        ServiceAccountId(self.uuid(b"new service account", 0))
    }

    /// The id of an API key that the command issues.
    pub(crate) fn key(&self) -> KeyId {
        KeyId(self.uuid(b"new key", 0))
    }

    /// Bits that nobody can tell from the command's events. Without them nothing that is derived with them can be
    /// found again.
    pub(crate) fn hidden(&self, what: &'static str, n: usize) -> [u8; 32] {
        let mut hidden = [0; 32];
        hidden.copy_from_slice(self.derive(what.as_bytes(), n).as_ref());
        hidden
    }

    fn uuid(&self, label: &[u8], n: usize) -> Uuid {
        let mut random = [0; 10];
        random.copy_from_slice(&self.derive(label, n).as_ref()[..10]);
        let millis = u64::try_from(self.at.micros() / 1_000).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    fn derive(&self, label: &[u8], n: usize) -> hmac::Tag {
        // The number has a fixed length, so that no two messages are alike.
        let mut message = hmac::Context::with_key(&self.key);
        message.update(&n.to_be_bytes());
        message.update(label);
        message.sign()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids_and_another_others() {
        let at = Timestamp::from_micros(1_795_468_800_123_456);
        let (ids, again) = (Ids::new([1; 16], at), Ids::new([1; 16], at));
        assert_eq!(ids.event(0), again.event(0));
        assert_eq!(ids.salt(0), again.salt(0));
        assert_ne!(ids.event(0), ids.event(1));
        assert_ne!(ids.event(0), ids.then("undone").event(0));
        assert_eq!(ids.nth(7).event(0), again.nth(7).event(0));
        assert_ne!(ids.nth(7).event(0), ids.nth(8).event(0));
        assert_ne!(ids.event(0), Ids::new([2; 16], at).event(0));
        assert_ne!(ids.user().0, ids.session().0);
    }

    #[test]
    fn an_id_is_a_version_7_uuid_of_its_moment() {
        let id = Ids::new([1; 16], Timestamp::from_micros(1_795_468_800_123_456)).user().0;
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.get_timestamp().map(|time| time.to_unix()), Some((1_795_468_800, 123_000_000)));
    }
}
