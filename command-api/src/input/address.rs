//! E-mail addresses: one spelling each.

use super::{Flaw, letters::is_invisible};
use crate::domain::EmailAddress;
use unicode_normalization::UnicodeNormalization;

/// The longest address, in bytes (RFC 5321 §4.5.3.1.3, without the angle brackets).
const MAX_BYTES: usize = 254;

/// The longest local part, in bytes (RFC 5321 §4.5.3.1.1).
const MAX_LOCAL_BYTES: usize = 64;

/// An address in its normal form: local part NFC, domain in lower-case A-labels (UTS 46).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address(EmailAddress);

impl Address {
    /// Reads an address as people write it. Quoted local parts and address literals are refused: nobody has one, and
    /// each would be a second spelling.
    pub(crate) fn parse(text: &str) -> Result<Self, Flaw> {
        if text.len() > MAX_BYTES {
            return Err(Flaw::new("email_too_long", format!("An address has at most {MAX_BYTES} bytes.")));
        }
        let refused = || Flaw::new("email_invalid", "This is not an e-mail address.");
        let (local, domain) = text.split_once('@').ok_or_else(refused)?;
        let local: String = local.nfc().collect();
        let domain = domain_in_a_labels(domain).ok_or_else(refused)?;
        let address = format!("{local}@{domain}");
        // The A-labels may be longer than what was sent, and NFC may lengthen the local part.
        let fits = local.len() <= MAX_LOCAL_BYTES && address.len() <= MAX_BYTES;
        if !fits || !is_dot_atom(&local) {
            return Err(refused());
        }
        EmailAddress::normalised(address).map(Self).map_err(|_| refused())
    }

    /// The form by which an address is one person's: the same for all ways of writing capitals.
    pub(crate) fn key(&self) -> String {
        directory_key(self.0.as_str())
    }

    /// The words in it that a password must not be made of.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        words(self.0.as_str())
    }

    /// The normal form, as facts keep it.
    pub(crate) fn into_value(self) -> EmailAddress {
        self.0
    }
}

/// The words in an address in its normal form: the whole, and each part.
pub(crate) fn words(normal: &str) -> impl Iterator<Item = &str> {
    std::iter::once(normal).chain(normal.split(['@', '.', '-', '_', '+']))
}

/// The key of an address that is in its normal form already, as a fact holds it.
pub(crate) fn directory_key(normal: &str) -> String {
    normal.to_lowercase().nfc().collect()
}

/// A dot-atom (RFC 5322 §3.2.3, RFC 6531 §3.3) whose characters can be seen, and that no other text looks the same as
/// by compatibility alone.
fn is_dot_atom(local: &str) -> bool {
    let allowed = |character: char| {
        character.is_ascii_alphanumeric()
            || "!#$%&'*+-/=?^_`{|}~".contains(character)
            || (!character.is_ascii() && !character.is_whitespace() && !is_invisible(character))
    };
    local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(allowed))
        && local.nfkc().eq(local.chars())
}

fn domain_in_a_labels(domain: &str) -> Option<String> {
    let domain = idna::domain_to_ascii_strict(domain).ok()?;
    let named = domain == "localhost" || domain.contains('.');
    // A domain whose last label is a number is an IPv4 address to everybody else (WHATWG URL §3.5).
    let last_is_number = domain.rsplit('.').next()?.bytes().all(|byte| byte.is_ascii_digit());
    (named && !last_is_number).then_some(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> String {
        Address::parse(text).expect("an address").key()
    }

    #[test]
    fn one_mailbox_has_one_key() {
        assert_eq!(key("ADMIN@Example.COM"), key("admin@example.com"));
        assert_eq!(key("a@bücher.example"), key("a@xn--bcher-kva.example"));
        assert_eq!(key("a@BÜCHER.example"), key("a@xn--bcher-kva.example"));
        assert_eq!(key("e\u{301}@x.io"), key("\u{e9}@x.io"));
        assert_eq!(key("a@ｘ.io"), key("a@x.io"));
        assert_ne!(key("a.b@x.io"), key("ab@x.io"));
    }

    #[test]
    fn the_normal_form_keeps_the_capitals_of_the_local_part() {
        assert_eq!(Address::parse("Ada@X.Io").expect("an address").into_value().as_str(), "Ada@x.io");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in [
            "",
            "@",
            "a",
            "a@",
            "@x.io",
            "a@b",
            "a@@x.io",
            "a@b@x.io",
            "a b@x.io",
            " a@x.io",
            "a@x.io ",
            "a@x .io",
            "a@b\r\nBcc:c@d.io",
            "a\0@x.io",
            "a@x.io\0",
            "a＠x.io",
            ".a@x.io",
            "a.@x.io",
            "a..b@x.io",
            "\"a\"@x.io",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@-x.io",
            "a@x..io",
            "a\u{200B}@x.io",
            "\u{202E}a@x.io",
            "ａ@x.io",
            "a@x_y.io",
            "<a@x.io>",
        ] {
            assert!(Address::parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(Address::parse(&format!("{}@x.io", "a".repeat(64))).is_ok());
        assert!(Address::parse(&format!("{}@x.io", "a".repeat(65))).is_err());
        assert_eq!(Address::parse(&"a".repeat(10_000)).map_err(|flaw| flaw.code), Err("email_too_long"));
    }
}
