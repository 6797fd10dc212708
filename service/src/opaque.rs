//! A short text that nobody but this service could have made, and that says nothing to whoever carries it.

use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::sync::Arc;

/// What the key is derived by: the same secret authenticates other things.
const LABEL: &[u8] = b"evident opaque texts";

/// What makes two texts of the same bytes differ, or not.
pub(crate) type Salt = [u8; NONCE_LEN];

/// Makes and reads such texts. What is `bound` is covered and not carried: both sides must know it.
///
/// The same bytes with the same salt give the same text, and that is all that two of them tell: AES-GCM-SIV keeps what it
/// promises when a nonce comes again (RFC 8452 §9).
#[derive(Clone)]
pub(crate) struct Opaque(Arc<LessSafeKey>);

impl Opaque {
    #[expect(clippy::expect_used, reason = "an HMAC-SHA-256 has the 32 bytes of a key")]
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), LABEL);
        let key = UnboundKey::new(&AES_256_GCM_SIV, key.as_ref()).expect("a key of 32 bytes");
        Self(Arc::new(LessSafeKey::new(key)))
    }

    #[expect(clippy::expect_used, reason = "only gigabytes cannot be sealed")]
    pub(crate) fn seal(&self, bound: &[&[u8]], payload: &[u8], salt: Salt) -> String {
        let (nonce, mut sealed) = (Nonce::assume_unique_for_key(salt), payload.to_vec());
        let bound = Aad::from(together(bound));
        self.0.seal_in_place_append_tag(nonce, bound, &mut sealed).expect("a few bytes can be sealed");
        URL_SAFE_NO_PAD.encode([salt.as_slice(), &sealed].concat())
    }

    /// What was sealed, or `None` for anything that this key did not seal with the same bound parts.
    pub(crate) fn open(&self, bound: &[&[u8]], text: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (salt, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let (nonce, mut sealed) = (Nonce::assume_unique_for_key(*salt), sealed.to_vec());
        let payload = self.0.open_in_place(nonce, Aad::from(together(bound)), &mut sealed).ok()?;
        Some(payload.to_vec())
    }
}

/// The length before each part, so that no two ways of cutting the same bytes into parts agree.
fn together(bound: &[&[u8]]) -> Vec<u8> {
    bound.iter().flat_map(|part| [&(part.len() as u64).to_be_bytes(), *part].concat()).collect()
}
