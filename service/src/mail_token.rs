//! Tokens in the links of mails: derived, not stored.
//!
//! A token is `mt_` and the base64url of what it is for (1 byte), whose it is (16), until when it holds (seconds since
//! 1970, 8), what asked for it (8), and HMAC-SHA-256 over all of it (32) under a key of the server's that nothing else is
//! signed with. What asked for it is the version of a record on a stream: a newer record there, or a password or an
//! address that changed since, makes the token void. So each is good once at most, and no store holds one.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use events::{Timestamp, UserId, Version};
use std::time::Duration;
use uuid::Uuid;

/// What scanners of leaked secrets look for.
const PREFIX: &str = "mt_";

const USER_AT: usize = 1;
const EXPIRY_AT: usize = USER_AT + 16;
const SERIAL_AT: usize = EXPIRY_AT + 8;
const MESSAGE_BYTES: usize = SERIAL_AT + 8;
const TOKEN_BYTES: usize = MESSAGE_BYTES + 32;

/// What a link is for. One for something else is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailPurpose {
    /// To verify the address that an account has.
    Verification,
    /// To choose another password.
    PasswordReset,
    /// To verify the address that an account is to have.
    EmailChange,
    /// To choose a first password.
    Invitation,
}

impl MailPurpose {
    const ALL: [Self; 4] = [Self::Verification, Self::PasswordReset, Self::EmailChange, Self::Invitation];

    /// Part of every token: never to be changed.
    const fn byte(self) -> u8 {
        match self {
            MailPurpose::Verification => 1,
            MailPurpose::PasswordReset => 2,
            MailPurpose::EmailChange => 3,
            MailPurpose::Invitation => 4,
        }
    }

    /// How long a link holds.
    #[must_use]
    pub const fn ttl(self) -> Duration {
        const HOUR: u64 = 60 * 60;
        match self {
            MailPurpose::PasswordReset => Duration::from_secs(HOUR),
            MailPurpose::Verification | MailPurpose::EmailChange => Duration::from_secs(24 * HOUR),
            MailPurpose::Invitation => Duration::from_secs(72 * HOUR),
        }
    }
}

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailToken {
    /// What it is for.
    pub purpose: MailPurpose,
    /// Whose it is.
    pub user: UserId,
    /// It holds before then; whole seconds.
    pub expires_at: Timestamp,
    /// The version of the record that asked for it, on its stream; 0 for the registration, when nothing asked since.
    pub serial: Version,
}

/// Makes and reads tokens.
#[derive(Clone)]
pub struct MailTokens(hmac::Key);

impl MailTokens {
    /// With the server's key for them.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The one token that says this.
    #[must_use]
    pub fn issue(&self, token: &MailToken) -> String {
        let mut bytes = [0; TOKEN_BYTES];
        bytes[0] = token.purpose.byte();
        bytes[USER_AT..EXPIRY_AT].copy_from_slice(token.user.0.as_bytes());
        bytes[EXPIRY_AT..SERIAL_AT].copy_from_slice(&token.expires_at.seconds().to_be_bytes());
        bytes[SERIAL_AT..MESSAGE_BYTES].copy_from_slice(&token.serial.0.to_be_bytes());
        let mac = hmac::sign(&self.0, &bytes[..MESSAGE_BYTES]);
        bytes[MESSAGE_BYTES..].copy_from_slice(mac.as_ref());
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What a token says that is ours and has not run out. The MAC is compared in constant time. Whether it was used, or is
    /// void, is the account's to say.
    #[must_use]
    pub fn read(&self, text: &str, now: Timestamp) -> Option<MailToken> {
        let mut bytes = [0; TOKEN_BYTES];
        let written = URL_SAFE_NO_PAD.decode_slice(text.strip_prefix(PREFIX)?, &mut bytes).ok()?;
        if written != TOKEN_BYTES {
            return None;
        }
        let (message, mac) = bytes.split_at(MESSAGE_BYTES);
        hmac::verify(&self.0, message, mac).ok()?;
        let seconds = i64::from_be_bytes(message[EXPIRY_AT..SERIAL_AT].try_into().ok()?);
        let expires_at = Timestamp::from_micros(seconds.checked_mul(1_000_000)?);
        let token = MailToken {
            purpose: MailPurpose::ALL.into_iter().find(|purpose| purpose.byte() == message[0])?,
            user: UserId(Uuid::from_slice(&message[USER_AT..EXPIRY_AT]).ok()?),
            expires_at,
            serial: Version(u64::from_be_bytes(message[SERIAL_AT..MESSAGE_BYTES].try_into().ok()?)),
        };
        (now < expires_at).then_some(token)
    }
}

impl std::fmt::Debug for MailTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailTokens(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_795_521_600_000_000);

    fn token(purpose: MailPurpose) -> MailToken {
        let expires_at = NOON.after(purpose.ttl());
        MailToken { purpose, user: UserId(Uuid::from_u128(7)), expires_at, serial: Version(3) }
    }

    #[test]
    fn a_token_says_what_it_is_for_until_it_has_run_out() {
        let tokens = MailTokens::new(&[1; 32]);
        for purpose in MailPurpose::ALL {
            let (token, text) = (token(purpose), tokens.issue(&token(purpose)));
            assert_eq!(tokens.read(&text, NOON), Some(token));
            assert_eq!(tokens.read(&text, token.expires_at), None);
        }
        assert!(MailPurpose::PasswordReset.ttl() <= Duration::from_secs(60 * 60), "AUTH-18");
    }

    #[test]
    fn nobody_else_makes_or_changes_one() {
        let tokens = MailTokens::new(&[1; 32]);
        let text = tokens.issue(&token(MailPurpose::Verification));
        assert_eq!(MailTokens::new(&[2; 32]).read(&text, NOON), None);
        for at in PREFIX.len()..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ASCII");
            assert_eq!(tokens.read(&changed, NOON), None, "changed at {at}");
        }
        for wrong in ["", "mt_", &text[3..], &text[..text.len() - 1], &format!("{text}A")] {
            assert_eq!(tokens.read(wrong, NOON), None, "{wrong}");
        }
    }
}
