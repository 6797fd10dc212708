//! A short text that nobody but this service could have made: bytes, then a truncated HMAC-SHA-256 over them.

use aws_lc_rs::{constant_time, hmac};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// Half a SHA-256 would be the usual; these texts open no door, they only keep strangers' numbers out of queries.
const TAG_BYTES: usize = 8;

/// Makes and reads such texts. What is `bound` is covered and not carried: both sides must know it.
#[derive(Clone)]
pub(crate) struct Mac(hmac::Key);

impl Mac {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    pub(crate) fn seal(&self, bound: &[&[u8]], payload: &[u8]) -> String {
        let mut bytes = payload.to_vec();
        bytes.extend_from_slice(&self.tag(bound, payload));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What was sealed, or `None` for anything that this key did not seal with the same bound parts.
    pub(crate) fn open(&self, bound: &[&[u8]], text: &str) -> Option<Vec<u8>> {
        let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let split = bytes.len().checked_sub(TAG_BYTES)?;
        let expected = self.tag(bound, &bytes[..split]);
        constant_time::verify_slices_are_equal(&expected, &bytes[split..]).ok()?;
        bytes.truncate(split);
        Some(bytes)
    }

    fn tag(&self, bound: &[&[u8]], payload: &[u8]) -> [u8; TAG_BYTES] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in bound.iter().chain([&payload]) {
            // The length first, so that no two ways of cutting the same bytes into parts agree.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&context.sign().as_ref()[..TAG_BYTES]);
        tag
    }
}
