//! What stands in a person's pocket: it makes codes of a secret, by its own arithmetic over published vectors.

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use events::Timestamp;

/// The six digits that an authenticator shows.
pub(crate) fn code(secret: &str, now: Timestamp) -> String {
    let key = BASE32_NOPAD.decode(secret.as_bytes()).expect("base32");
    let step = u64::try_from(now.seconds() / 30).expect("after 1970");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key), &step.to_be_bytes());
    let bytes = tag.as_ref();
    let at = usize::from(bytes[19] & 0x0f);
    let cut: [u8; 4] = bytes[at..at + 4].try_into().expect("four bytes");
    format!("{:06}", (u32::from_be_bytes(cut) & 0x7fff_ffff) % 1_000_000)
}

/// RFC 6238, appendix B.
#[test]
fn an_authenticator_agrees_with_the_published_vectors() {
    let secret = BASE32_NOPAD.encode(b"12345678901234567890");
    for (seconds, digits) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
        assert_eq!(code(&secret, Timestamp::from_micros(seconds * 1_000_000)), digits);
    }
}
