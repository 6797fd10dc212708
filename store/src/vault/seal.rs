//! Sealing and opening one person's values. Pure: which keys are loaded, and from where, is `people`.
//!
//! A group is sealed with AES-256-GCM-SIV (RFC 8452) under a key of its own: HKDF-SHA-256 (RFC 5869) of the person's
//! key, for network facts followed by the month's, with the record's id and the group as info. The nonce is always
//! zero, and that is right: a derived key seals exactly one value, the one group of the one record that it is derived
//! for. A decision made again after a lost race may seal another value under the same id, but one of the two at most
//! is ever kept; and even who saw both would learn from AES-GCM-SIV no more than whether they are equal.

use super::{master::Secret32, people::Scope};
use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Salt},
};
use events::{EventId, Group, KeyName, Month, PictureId, SealContext, UserId};
use std::{collections::HashMap, fmt};
use zeroize::Zeroizing;

/// Seals one person's values in one month, and opens those that commands decide from.
pub struct Sealer {
    pub(super) user: UserId,
    pub(super) profile: Secret32,
    pub(super) credential: Secret32,
    pub(super) month: Month,
    pub(super) month_key: Secret32,
}

impl Sealer {
    /// Seals one group: ciphertext, then the tag of 16 bytes. Fits [`events::Draft::write`].
    ///
    /// # Panics
    /// When the context names a key of another person or month. Sealed under this one's, nobody could ever open it.
    #[must_use]
    pub fn seal(&self, context: &SealContext<'_>, plaintext: &[u8]) -> Vec<u8> {
        let KeyName { person, group, month } = context.key;
        assert_eq!(person, self.user, "a value of one person under the keys of another");
        assert!(
            month.is_none_or(|month| month == self.month),
            "a value of one month under the key of another"
        );
        let key = match group {
            Group::Profile => group_key(&self.profile, None, context.event_id, group),
            Group::Credential => group_key(&self.credential, None, context.event_id, group),
            Group::Network => group_key(&self.profile, Some(&self.month_key), context.event_id, group),
        };
        let mut sealed = plaintext.to_vec();
        key.seal_in_place_append_tag(zero_nonce(), Aad::from(context.associated_data()), &mut sealed)
            .expect("AES-GCM-SIV seals all that is shorter than 64 GiB");
        sealed
    }

    /// Opens one group, as [`Keyring::open`] does: the person's profile, and their credential where it is in scope. From
    /// where they came decides nothing, and stays sealed.
    #[must_use]
    pub fn open(&self, scope: Scope, context: &SealContext<'_>, ciphertext: &[u8]) -> Option<Vec<u8>> {
        let KeyName { person, group, .. } = context.key;
        let key = match (group, scope) {
            _ if person != self.user => return None,
            (Group::Profile, _) => &self.profile,
            (Group::Credential, Scope::All) => &self.credential,
            (Group::Credential, Scope::Profiles) | (Group::Network, _) => return None,
        };
        opened(&group_key(key, None, context.event_id, group), context, ciphertext)
    }

    /// Whether these are the keys of this person and month.
    #[must_use]
    pub fn is_of(&self, person: UserId, month: Month) -> bool {
        (self.user, self.month) == (person, month)
    }
}

/// Opens what its keys seal. It holds the keys that were asked for, in scope, and not destroyed when it was loaded.
#[derive(Default)]
pub struct Keyring {
    pub(super) profiles: HashMap<UserId, Secret32>,
    pub(super) credentials: HashMap<UserId, Secret32>,
    pub(super) months: HashMap<Month, Secret32>,
}

impl Keyring {
    /// Opens one group. Fits [`events::Record::fact`] and [`events::Record::data`].
    ///
    /// `None` when its key is not on the ring, or when it does not belong to this record, stream, type and key.
    #[must_use]
    pub fn open(&self, context: &SealContext<'_>, ciphertext: &[u8]) -> Option<Vec<u8>> {
        let KeyName { person, group, month } = context.key;
        let key = match group {
            Group::Profile => group_key(self.profiles.get(&person)?, None, context.event_id, group),
            Group::Credential => group_key(self.credentials.get(&person)?, None, context.event_id, group),
            Group::Network => {
                let month = self.months.get(&month?)?;
                group_key(self.profiles.get(&person)?, Some(month), context.event_id, group)
            }
        };
        opened(&key, context, ciphertext)
    }
}

fn opened(key: &LessSafeKey, context: &SealContext<'_>, ciphertext: &[u8]) -> Option<Vec<u8>> {
    let mut opened = ciphertext.to_vec();
    let bytes =
        key.open_in_place(zero_nonce(), Aad::from(context.associated_data()), &mut opened).ok()?.len();
    opened.truncate(bytes);
    Some(opened)
}

/// Seals and opens one picture of one person.
pub(super) struct PictureKey {
    key: LessSafeKey,
    bound_to: String,
}

impl PictureKey {
    /// Derived for this one picture, so that its key seals nothing else.
    pub(super) fn new(person: &[u8; 32], user: UserId, id: PictureId) -> Self {
        let key = derived_key(person, &[id.0.as_bytes(), b"picture"]);
        Self { key, bound_to: format!("evident/1\npicture\n{user}\n{id}") }
    }

    pub(super) fn seal(&self, picture: &[u8]) -> Vec<u8> {
        let mut sealed = picture.to_vec();
        self.key
            .seal_in_place_append_tag(zero_nonce(), Aad::from(&self.bound_to), &mut sealed)
            .expect("AES-GCM-SIV seals all that is shorter than 64 GiB");
        sealed
    }

    /// `None` when it was sealed as another.
    pub(super) fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let mut opened = sealed.to_vec();
        let bytes = self.key.open_in_place(zero_nonce(), Aad::from(&self.bound_to), &mut opened).ok()?.len();
        opened.truncate(bytes);
        Some(opened)
    }
}

fn group_key(person: &Secret32, month: Option<&Secret32>, event_id: EventId, group: Group) -> LessSafeKey {
    let mut secret = Zeroizing::new([0; 64]);
    let (first, second) = secret.split_at_mut(32);
    first.copy_from_slice(&**person);
    let bytes = match month {
        None => 32,
        Some(month) => {
            second.copy_from_slice(&**month);
            64
        }
    };
    derived_key(&secret[..bytes], &[event_id.0.as_bytes(), group_name(group)])
}

fn derived_key(secret: &[u8], info: &[&[u8]; 2]) -> LessSafeKey {
    let derived = Salt::new(HKDF_SHA256, b"evident/1").extract(secret);
    let okm = derived.expand(info, &AES_256_GCM_SIV).expect("HKDF-SHA-256 gives up to 8,160 bytes");
    LessSafeKey::new(UnboundKey::from(okm))
}

/// Part of every derived key: never to be changed.
const fn group_name(group: Group) -> &'static [u8] {
    match group {
        Group::Profile => b"profile",
        Group::Credential => b"credential",
        Group::Network => b"network",
    }
}

fn zero_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({}, …)", self.user)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(…)")
    }
}
