//! Why somebody did something to somebody else.

use super::{Flaw, letters::is_invisible};
use crate::domain::SuspensionReason;
use unicode_normalization::UnicodeNormalization;

/// The longest reason, in characters.
const MAX_CHARACTERS: usize = 500;

/// Reads a reason: NFC, 1 to 500 characters that can be seen.
pub(crate) fn reason(text: &str) -> Result<SuspensionReason, Flaw> {
    let text: String = text.trim().nfc().take(MAX_CHARACTERS + 1).collect();
    let length = text.chars().count();
    if !(1..=MAX_CHARACTERS).contains(&length) {
        return Err(Flaw::new("reason_length", format!("A reason has 1 to {MAX_CHARACTERS} characters.")));
    }
    if text.chars().any(is_invisible) {
        return Err(Flaw::new("reason_invalid", "A reason has no control or invisible characters."));
    }
    SuspensionReason::new(text).map_err(|invalid| Flaw::new("reason_invalid", invalid.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_text_of_bounded_length() {
        assert_eq!(reason(" spam, twice "), reason("spam, twice"));
        for wrong in ["", " ", "a\0b", "a\nb", "a\u{202E}b", &"a".repeat(501)] {
            assert!(reason(wrong).is_err(), "{wrong:?}");
        }
        assert!(reason(&"é".repeat(500)).is_ok());
    }
}
