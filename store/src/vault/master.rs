//! The master key, and what it wraps.

use super::VaultError;
use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey},
    error::Unspecified,
    hmac, rand,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::fmt;
use zeroize::Zeroizing;

/// 32 secret bytes that leave memory when they are dropped.
pub(super) type Secret32 = Zeroizing<[u8; 32]>;

const NONCE_BYTES: usize = 12;

/// A text that is not the base64 of 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("master key is not the base64 of 32 bytes")]
pub struct InvalidMasterKey;

/// The name of a master key: it says which one it is, and nothing about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MasterKeyId(pub(super) String);

impl fmt::Display for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The key that wraps all other keys. It lies in no database and no backup of one.
#[derive(Clone)]
pub struct MasterKey(Secret32);

impl MasterKey {
    /// From the text of its file: base64 with padding (RFC 4648 §4), and perhaps white space around it.
    ///
    /// # Errors
    /// [`InvalidMasterKey`] when that is not what it is.
    pub fn from_base64(text: &str) -> Result<Self, InvalidMasterKey> {
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| InvalidMasterKey)?);
        Ok(Self(secret(&bytes).ok_or(InvalidMasterKey)?))
    }

    /// From 32 random bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The text of its file.
    #[must_use]
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(*self.0))
    }

    /// Its name: 64 bits of a keyed hash, in hexadecimal.
    #[must_use]
    pub fn id(&self) -> MasterKeyId {
        let named = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &*self.0), b"evident/1\nmaster key id");
        MasterKeyId(named.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Wraps a secret for one purpose: a random nonce, then ciphertext and tag (RFC 8452).
    ///
    /// The purpose is associated data, so that a wrapped key put into another row does not unwrap there. Should a
    /// nonce ever come twice, AES-GCM-SIV gives away no more than that two wrapped secrets are equal.
    pub(super) fn wrap(&self, purpose: &str, secret: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE_BYTES];
        rand::fill(&mut nonce)?;
        let mut sealed = Zeroizing::new(secret.to_vec());
        let key = self.cipher()?;
        let tag = key.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(purpose),
            &mut sealed,
        )?;
        Ok([&nonce, &**sealed, tag.as_ref()].concat())
    }

    /// The secret that was wrapped for this purpose; `None` when it was not, or under another master key.
    pub(super) fn unwrap(&self, purpose: &str, wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = wrapped.split_first_chunk::<NONCE_BYTES>()?;
        let mut secret = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let bytes = self.cipher().ok()?.open_in_place(nonce, Aad::from(purpose), &mut secret).ok()?.len();
        secret.truncate(bytes);
        Some(secret)
    }

    fn cipher(&self) -> Result<LessSafeKey, Unspecified> {
        Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, &*self.0)?))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// 32 new random bytes, from the operating system by way of aws-lc.
pub(super) fn random_secret() -> Result<Secret32, VaultError> {
    let mut bytes = Zeroizing::new([0; 32]);
    rand::fill(&mut *bytes)?;
    Ok(bytes)
}

pub(super) fn secret(bytes: &[u8]) -> Option<Secret32> {
    bytes.try_into().ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_secret_unwraps_for_its_purpose_under_its_master_key_only() {
        let master = MasterKey::from_bytes([7; 32]);
        let wrapped = master.wrap("profile key", b"secret").expect("wrapped");
        assert_eq!(master.unwrap("profile key", &wrapped).as_deref(), Some(&b"secret".to_vec()));
        assert!(master.unwrap("credential key", &wrapped).is_none());
        assert!(MasterKey::from_bytes([8; 32]).unwrap("profile key", &wrapped).is_none());
        assert!(master.unwrap("profile key", &wrapped[..11]).is_none());
    }

    #[test]
    fn a_master_key_is_read_as_it_is_written() {
        let text = MasterKey::from_bytes([7; 32]).to_base64();
        let again = MasterKey::from_base64(&format!("{}\n", *text)).expect("a key");
        assert_eq!(again.to_base64(), text);
        assert_eq!(MasterKey::from_base64("c2hvcnQ=").err(), Some(InvalidMasterKey));
        assert_eq!(MasterKey::from_base64("not base64").err(), Some(InvalidMasterKey));
    }

    #[test]
    fn a_master_key_has_a_name_of_its_own() {
        let ids = [7, 8].map(|byte| MasterKey::from_bytes([byte; 32]).id().to_string());
        assert_ne!(ids[0], ids[1]);
        assert!(ids.iter().all(|id| id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit())));
    }

    #[test]
    fn a_master_key_is_not_printed() {
        assert_eq!(format!("{:?}", MasterKey::from_bytes([7; 32])), "MasterKey(…)");
    }
}
