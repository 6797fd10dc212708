//! Codes of a second factor, as they are typed.

use super::Flaw;
use crate::{recovery_codes::plain, totp::Digits};
use zeroize::Zeroizing;

/// The longest text that is looked at, in bytes.
const MAX_BYTES: usize = 64;
/// A recovery code without what separates its groups.
const RECOVERY_LETTERS: usize = 16;

/// A code of one kind or the other; which one, its form tells.
pub(crate) enum FactorCode {
    /// By the time.
    Totp(Digits),
    /// For when the authenticator is lost: capitals of base32.
    Recovery(Zeroizing<String>),
}

impl FactorCode {
    /// Reads a code; spaces and dashes do not count.
    pub(crate) fn parse(text: &str) -> Result<Self, Flaw> {
        let plain = Zeroizing::new(if text.len() <= MAX_BYTES { plain(text) } else { String::new() });
        let digits =
            plain.bytes().all(|byte| byte.is_ascii_digit()).then(|| Digits::try_from(plain.as_bytes()).ok());
        if let Some(Some(digits)) = digits {
            return Ok(Self::Totp(digits));
        }
        let letter = |byte: u8| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte);
        match plain.len() == RECOVERY_LETTERS && plain.bytes().all(letter) {
            true => Ok(Self::Recovery(plain)),
            false => {
                let detail = "A code has six digits; a recovery code four groups of four letters and digits.";
                Err(Flaw::new("code_invalid", detail))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_told_by_its_form() {
        assert!(matches!(FactorCode::parse("123456"), Ok(FactorCode::Totp(digits)) if digits == *b"123456"));
        assert!(matches!(FactorCode::parse(" 123 456 "), Ok(FactorCode::Totp(_))));
        for recovery in ["aeaq-caib-aeaq-caib", "AEAQCAIBAEAQCAIB"] {
            let parsed = FactorCode::parse(recovery);
            assert!(matches!(parsed, Ok(FactorCode::Recovery(plain)) if *plain == "AEAQCAIBAEAQCAIB"));
        }
        for wrong in ["", "12345", "1234567", "１２３４５６", "aeaq-caib-aeaq-cai1", "a\0", &"1".repeat(65)]
        {
            assert!(FactorCode::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
