//! What stands in a person's pocket: it makes codes of a secret, by its own arithmetic over published vectors.

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use events::Timestamp;
use std::{collections::BTreeSet, time::Duration};

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

/// The codes of this step, of the two before it and of the two after it: every one that could be taken for right.
fn near(secret: &str, now: Timestamp) -> [String; 5] {
    [0, 30, 60, 90, 120].map(|seconds| {
        let from = now.before(Duration::from_secs(60));
        code(secret, from.after(Duration::from_secs(seconds)))
    })
}

/// Whether this code is, or could be taken for, one of now.
pub(crate) fn is_near(secret: &str, now: Timestamp, code: &str) -> bool {
    near(secret, now).iter().any(|near| near == code)
}

/// Six digits that are certainly wrong.
pub(crate) fn wrong_code(secret: &str, now: Timestamp) -> String {
    let mut all = (0..1_000_000).map(|number| format!("{number:06}"));
    all.find(|code| !is_near(secret, now, code)).expect("five are near")
}

/// Whether no two of the codes of now and of a while from now are the same by chance.
pub(crate) fn all_differ(secret: &str, now: Timestamp) -> bool {
    let later = near(secret, now.after(Duration::from_secs(120)));
    near(secret, now).iter().chain(&later[1..]).collect::<BTreeSet<_>>().len() == 9
}

/// RFC 6238, appendix B.
#[test]
fn an_authenticator_agrees_with_the_published_vectors() {
    let secret = BASE32_NOPAD.encode(b"12345678901234567890");
    for (seconds, digits) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
        assert_eq!(code(&secret, Timestamp::from_micros(seconds * 1_000_000)), digits);
    }
}
