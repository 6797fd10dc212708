//! API keys: how service accounts say who they are.
//!
//! A key's text is `evk_`, the key's id and its account's as 32 hexadecimal digits each, `_`, 64 digits of secret and 8 of
//! checksum. It finds its account by itself, so that one stream says all about it; it is found in its turn, by whoever
//! looks for leaked secrets, by its beginning and its checksum. The secret is 256 random bits, so its SHA-256 is all
//! that is kept, and proves it as fast as it is compared.

use aws_lc_rs::{
    constant_time,
    digest::{SHA256, digest},
};
use events::{Day, KeyId, SecretHash, ServiceAccountId};
use std::{
    collections::HashSet,
    fmt,
    sync::{Mutex, PoisonError},
};
use uuid::Uuid;
use zeroize::Zeroizing;

/// What every key begins with.
const PREFIX: &str = "evk_";
const ID_DIGITS: usize = 32;
const SECRET_BYTES: usize = 32;
const CHECK_BYTES: usize = 4;

/// A key as its holder presents it.
pub struct ApiKey {
    /// The key.
    pub id: KeyId,
    /// Whose it says that it is.
    pub account: ServiceAccountId,
    secret: Zeroizing<[u8; SECRET_BYTES]>,
}

impl ApiKey {
    /// A key with this secret, which MUST be random.
    #[must_use]
    pub fn new(id: KeyId, account: ServiceAccountId, secret: [u8; SECRET_BYTES]) -> Self {
        Self { id, account, secret: Zeroizing::new(secret) }
    }

    /// Whether a credential means to be a key; whether it is one says [`ApiKey::read`].
    #[must_use]
    pub fn is_meant_by(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// The key that a text is; `None` when it is none in form. Whether it holds is its account's to say.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (ids, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let (id, account) = ids.split_at_checked(ID_DIGITS)?;
        let (secret, _) = secret.split_at_checked(2 * SECRET_BYTES)?;
        let (id, account) = (Uuid::from_bytes(*bytes(id)?), Uuid::from_bytes(*bytes(account)?));
        let key = Self::new(KeyId(id), ServiceAccountId(account), *bytes(secret)?);
        // One key has one spelling, its checksum included. Who compares what they sent themselves learns nothing.
        (*key.text() == text).then_some(key)
    }

    /// The text of the key: the secret in full, to be shown once and never kept.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        let (account, secret) = (self.account.0.as_simple(), Zeroizing::new(hex::encode(*self.secret)));
        let check = hex::encode(self.check());
        Zeroizing::new(format!("{}{account}_{}{check}", Self::prefix(self.id), *secret))
    }

    /// What the text of a key begins with, for people to tell keys apart.
    #[must_use]
    pub fn prefix(id: KeyId) -> String {
        format!("{PREFIX}{}", id.0.as_simple())
    }

    /// What is kept of the secret.
    #[must_use]
    pub fn secret_hash(&self) -> SecretHash {
        let mut hash = SecretHash([0; 32]);
        hash.0.copy_from_slice(digest(&SHA256, &self.secret[..]).as_ref());
        hash
    }

    /// Whether the secret is the one of which this was kept. Compared in constant time.
    #[must_use]
    pub fn proves(&self, kept: &SecretHash) -> bool {
        constant_time::verify_slices_are_equal(&self.secret_hash().0, &kept.0).is_ok()
    }

    fn check(&self) -> [u8; CHECK_BYTES] {
        let (id, account) = (self.id.0.into_bytes(), self.account.0.into_bytes());
        let whole = Zeroizing::new([&id[..], &account[..], &self.secret[..]].concat());
        let mut check = [0; CHECK_BYTES];
        check.copy_from_slice(&digest(&SHA256, &whole).as_ref()[..CHECK_BYTES]);
        check
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({}, …)", self.id)
    }
}

fn bytes<const N: usize>(digits: &str) -> Option<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    hex::decode_to_slice(digits, &mut *bytes).ok()?;
    Some(bytes)
}

/// Which keys this process knows to stand in the log as used today, so that it looks only once a day and key. Nothing is
/// lost with it: the log is asked again.
#[derive(Debug, Default)]
pub struct UsedToday(Mutex<(Option<Day>, HashSet<KeyId>)>);

/// More keys than anybody has; when they are more, the log is asked more often.
const MOST_USED: usize = 10_000;

impl UsedToday {
    /// Whether it is known that the use of this key on this day is written down.
    #[must_use]
    pub fn knows(&self, key: KeyId, day: Day) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.0 == Some(day) && known.1.contains(&key)
    }

    /// It is written down.
    pub fn note(&self, key: KeyId, day: Day) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 != Some(day) || known.1.len() >= MOST_USED {
            *known = (Some(day), HashSet::new());
        }
        known.1.insert(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::Timestamp;

    const KEY: KeyId = KeyId(Uuid::from_u128(7));
    const ACCOUNT: ServiceAccountId = ServiceAccountId(Uuid::from_u128(8));

    #[test]
    fn a_key_is_read_from_its_text_and_proves_its_hash() {
        let key = ApiKey::new(KEY, ACCOUNT, [0xa5; 32]);
        let text = key.text();
        assert!(text.starts_with(&ApiKey::prefix(KEY)), "{}", *text);
        assert_eq!(text.len(), 4 + 64 + 1 + 72);
        let read = ApiKey::read(&text).expect("a key");
        assert_eq!((read.id, read.account), (KEY, ACCOUNT));
        assert!(read.proves(&key.secret_hash()));
        assert!(!ApiKey::new(KEY, ACCOUNT, [0xa6; 32]).proves(&key.secret_hash()));
        let shown = format!("{read:?} {:?}", key.secret_hash());
        assert!(!shown.contains("a5a5") && !shown.contains("165"), "{shown}");
    }

    #[test]
    fn whatever_is_changed_it_is_no_key() {
        let text = ApiKey::new(KEY, ACCOUNT, [0xa5; 32]).text();
        for at in 0..text.len() {
            let mut changed = text.as_bytes().to_vec();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert!(ApiKey::read(&changed).is_none(), "changed at {at}");
        }
        let upper = text.to_uppercase().replacen("EVK", "evk", 1);
        for wrong in
            ["", "evk_", &text[4..], &text[..text.len() - 1], &format!("{}0", *text), &upper, "evk_é_é"]
        {
            assert!(ApiKey::read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn what_is_known_of_use_ends_with_the_day() {
        let (noon, next) = (Timestamp::from_micros(0), Timestamp::from_micros(86_400_000_000));
        let used = UsedToday::default();
        assert!(!used.knows(KEY, noon.day()));
        used.note(KEY, noon.day());
        assert!(used.knows(KEY, noon.day()) && !used.knows(KeyId(Uuid::nil()), noon.day()));
        assert!(!used.knows(KEY, next.day()));
    }
}
