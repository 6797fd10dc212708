//! Codes by the time (RFC 6238), as every authenticator makes them: SHA-1, six digits, thirty seconds.

use aws_lc_rs::{constant_time, hmac};
use data_encoding::BASE32_NOPAD;
use events::{Timestamp, TotpSecret};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// How long one code is the present one, in seconds.
const STEP_SECONDS: i64 = 30;
/// The length of a secret, in bytes: what RFC 4226 §4 recommends.
pub(crate) const SECRET_BYTES: usize = 20;

/// Six digits, as text.
pub(crate) type Digits = [u8; 6];

/// A secret of these bits.
pub(crate) fn secret(bits: &[u8; SECRET_BYTES]) -> TotpSecret {
    TotpSecret { totp_secret: BASE32_NOPAD.encode(bits) }
}

/// The time step at which this is the code, if it is the present step or one beside it (RFC 6238 §5.2: clocks differ,
/// and people type slowly). `None` also for a secret that is not one.
pub(crate) fn step_of(secret: &TotpSecret, digits: &Digits, now: Timestamp) -> Option<u64> {
    let key = BASE32_NOPAD.decode(secret.totp_secret.as_bytes()).ok()?;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let present = u64::try_from(now.seconds().div_euclid(STEP_SECONDS)).ok()?;
    let steps = [present.saturating_sub(1), present, present.saturating_add(1)];
    // All three are compared, whichever fits.
    let fits = steps.map(|step| constant_time::verify_slices_are_equal(&code(&key, step), digits).is_ok());
    steps.into_iter().zip(fits).rev().find_map(|(step, fits)| fits.then_some(step))
}

/// What an authenticator reads as a picture of squares (the key URI format).
pub(crate) fn uri(secret: &TotpSecret, issuer: &str, account: &str) -> String {
    let [issuer, account] = [issuer, account].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC));
    format!(
        "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP_SECONDS}",
        secret.totp_secret
    )
}

/// RFC 4226 §5.3, with the time step as the counter.
fn code(key: &hmac::Key, step: u64) -> Digits {
    let tag = hmac::sign(key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = usize::from(bytes[bytes.len() - 1] & 0x0f);
    let cut = [bytes[offset] & 0x7f, bytes[offset + 1], bytes[offset + 2], bytes[offset + 3]];
    let mut number = u32::from_be_bytes(cut) % 1_000_000;
    let mut digits = Digits::default();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10).to_le_bytes()[0];
        number /= 10;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    /// RFC 6238, appendix B: the vectors for SHA-1, of whose eight digits six are ours.
    #[test]
    fn the_published_vectors_hold() {
        let secret = secret(b"12345678901234567890");
        for (seconds, digits) in [
            (59, b"287082"),
            (1_111_111_109, b"081804"),
            (1_111_111_111, b"050471"),
            (1_234_567_890, b"005924"),
            (2_000_000_000, b"279037"),
            (20_000_000_000, b"353130"),
        ] {
            let step = u64::try_from(seconds / 30).expect("after 1970");
            assert_eq!(step_of(&secret, digits, at(seconds)), Some(step), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_taken_one_step_early_or_late_and_no_more() {
        let secret = secret(b"12345678901234567890");
        let code_of_step_1 = b"287082";
        for (now, taken) in [(0, true), (29, true), (59, true), (89, true), (90, false), (3_000, false)] {
            assert_eq!(step_of(&secret, code_of_step_1, at(now)).is_some(), taken, "{now}");
        }
        assert_eq!(step_of(&secret, b"287083", at(59)), None);
    }

    #[test]
    fn an_authenticator_is_told_whose_and_how() {
        let uri = uri(&secret(b"12345678901234567890"), "id.example.com", "ada@x.io");
        let expected = "otpauth://totp/id%2Eexample%2Ecom:ada%40x%2Eio?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
                        &issuer=id%2Eexample%2Ecom&algorithm=SHA1&digits=6&period=30";
        assert_eq!(uri, expected);
    }
}
