//! Refresh tokens: derived, not stored.
//!
//! A token is `rt_` and the base64url of session id (16 bytes), generation (4, big-endian) and HMAC-SHA-256 over both
//! (32) under a key of the server's. Whoever holds the key can say which generation a token is; the log says which one
//! is good. So two processes that refresh at once hand out the same successor, and nothing in any store is a token.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use events::SessionId;
use uuid::Uuid;

/// What scanners of leaked secrets look for.
const PREFIX: &str = "rt_";

const ID_BYTES: usize = 16;
const MESSAGE_BYTES: usize = ID_BYTES + size_of::<u32>();
const TOKEN_BYTES: usize = MESSAGE_BYTES + 32;

/// Makes and reads refresh tokens.
#[derive(Clone)]
pub(crate) struct RefreshTokens {
    key: hmac::Key,
}

impl RefreshTokens {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// The one token of a session's generation.
    pub(crate) fn issue(&self, session: SessionId, generation: u32) -> String {
        let mut token = [0; TOKEN_BYTES];
        token[..ID_BYTES].copy_from_slice(session.0.as_bytes());
        token[ID_BYTES..MESSAGE_BYTES].copy_from_slice(&generation.to_be_bytes());
        let mac = hmac::sign(&self.key, &token[..MESSAGE_BYTES]);
        token[MESSAGE_BYTES..].copy_from_slice(mac.as_ref());
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(token))
    }

    /// Which session and generation a token is for; `None` when it is not one of ours. The MAC is compared in constant
    /// time. That it is good is the session's to say.
    pub(crate) fn read(&self, text: &str) -> Option<(SessionId, u32)> {
        let mut token = [0; TOKEN_BYTES];
        let written = URL_SAFE_NO_PAD.decode_slice(text.strip_prefix(PREFIX)?, &mut token).ok()?;
        if written != TOKEN_BYTES {
            return None;
        }
        let (message, mac) = token.split_at(MESSAGE_BYTES);
        hmac::verify(&self.key, message, mac).ok()?;
        let (session, generation) = message.split_at(ID_BYTES);
        let session = SessionId(Uuid::from_slice(session).ok()?);
        Some((session, u32::from_be_bytes(generation.try_into().ok()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: SessionId = SessionId(Uuid::from_u128(7));

    #[test]
    fn a_token_tells_its_session_and_generation() {
        let tokens = RefreshTokens::new(&[1; 32]);
        let token = tokens.issue(SESSION, 42);
        assert!(token.starts_with("rt_"));
        assert_eq!(tokens.read(&token), Some((SESSION, 42)));
        assert_eq!(tokens.issue(SESSION, 42), token);
        assert_ne!(tokens.issue(SESSION, 43), token);
    }

    #[test]
    fn no_other_text_is_a_token() {
        let tokens = RefreshTokens::new(&[1; 32]);
        let token = tokens.issue(SESSION, 0);
        assert_eq!(RefreshTokens::new(&[2; 32]).read(&token), None);
        for at in PREFIX.len()..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ASCII");
            assert_eq!(tokens.read(&changed), None, "changed at {at}");
        }
        for wrong in
            ["", "rt_", &token[3..], &token[..token.len() - 1], &format!("{token}A"), &format!("{token}=")]
        {
            assert_eq!(tokens.read(wrong), None, "{wrong}");
        }
    }
}
