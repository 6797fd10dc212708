//! Recovery codes: 80 random bits each, shown once, and kept as hashes that are sealed besides.

use aws_lc_rs::{
    constant_time,
    digest::{SHA256, digest},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use data_encoding::BASE32_NOPAD;
use events::{RecoveryCodes, UserId};

/// How many a person is given.
pub(crate) const COUNT: usize = 10;
/// The random bits of one, in bytes: they cannot be guessed, so a plain hash is enough.
pub(crate) const CODE_BYTES: usize = 10;

/// A code of these bits, as people type it: four groups of four.
pub(crate) fn written(bits: &[u8; CODE_BYTES]) -> String {
    let text = BASE32_NOPAD.encode(bits).to_ascii_lowercase();
    [&text[..4], &text[4..8], &text[8..12], &text[12..]].join("-")
}

/// What is kept of codes.
pub(crate) fn kept(of: UserId, written: &[String]) -> RecoveryCodes {
    let hash = |code: &String| STANDARD.encode(hash(of, &plain(code)));
    RecoveryCodes { recovery_codes: written.iter().map(hash).collect() }
}

/// The place of a code among those that are kept. All are compared, whichever it is.
pub(crate) fn place_of(of: UserId, code: &str, kept: &RecoveryCodes) -> Option<u8> {
    let hash = STANDARD.encode(hash(of, code));
    let fits =
        |kept: &String| constant_time::verify_slices_are_equal(kept.as_bytes(), hash.as_bytes()).is_ok();
    let fitting: Vec<bool> = kept.recovery_codes.iter().map(fits).collect();
    fitting.into_iter().position(|fits| fits).and_then(|place| u8::try_from(place).ok())
}

/// However it was typed: capitals, no spaces, no dashes.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .filter(|letter| !matches!(letter, ' ' | '-'))
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}

fn hash(of: UserId, plain: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, format!("recovery code\n{of}\n{plain}").as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const ADA: UserId = UserId(Uuid::from_u128(1));

    #[test]
    fn a_code_is_found_however_it_is_typed_and_by_its_owner_alone() {
        let codes = [written(&[1; CODE_BYTES]), written(&[2; CODE_BYTES])];
        assert_eq!(codes[0], "aeaq-caib-aeaq-caib");
        let kept = kept(ADA, &codes);
        assert_eq!(place_of(ADA, &plain("AEAQ caib AEAQcaib"), &kept), Some(0));
        assert_eq!(place_of(ADA, &plain(&codes[1]), &kept), Some(1));
        assert_eq!(place_of(ADA, &plain(&written(&[3; CODE_BYTES])), &kept), None);
        assert_eq!(place_of(UserId(Uuid::from_u128(2)), &plain(&codes[0]), &kept), None);
        assert!(!format!("{kept:?}").contains("aeaq") && !kept.recovery_codes[0].contains("AEAQ"));
    }
}
