//! Position tokens: how a position of the log travels to a client and back without telling how much ever happened.

use crate::{
    clock::Entropy,
    opaque::{Opaque, Salt},
    problem::{Code, Problem},
};
use events::{LogId, Position};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::fmt;

/// Answered by every command (what it wrote) and every query (what it reflects).
pub const EVIDENT_POSITION: HeaderName = HeaderName::from_static("evident-position");
/// Sent with a query that must show at least this.
pub const EVIDENT_MIN_POSITION: HeaderName = HeaderName::from_static("evident-min-position");

const LABEL: &[u8] = b"evident position";

/// Issues and reads the tokens of one log.
#[derive(Clone)]
pub struct PositionTokens {
    opaque: Opaque,
    log: LogId,
}

impl fmt::Debug for PositionTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PositionTokens({})", self.log)
    }
}

impl PositionTokens {
    /// The tokens of this log under this key. All services of one installation share the key.
    #[must_use]
    pub fn new(key: [u8; 32], log: LogId) -> Self {
        Self { opaque: Opaque::new(&key), log }
    }

    /// The token of a position.
    #[must_use]
    pub fn issue(&self, position: Position) -> String {
        self.seal(position, Salt::default())
    }

    /// The same as a header's value.
    #[must_use]
    pub fn header(&self, position: Position) -> HeaderValue {
        header(self.issue(position))
    }

    /// A token of a position that is like no other of it, as a header's value: who holds two learns not even whether
    /// anything happened in between. For strangers.
    #[must_use]
    pub fn header_anew(&self, position: Position, entropy: &Entropy) -> HeaderValue {
        header(self.seal(position, entropy.bytes()))
    }

    fn seal(&self, position: Position, salt: Salt) -> String {
        self.opaque.seal(&[LABEL, self.log.0.as_bytes()], &position.0.to_be_bytes(), salt)
    }

    /// The position of a token.
    ///
    /// # Errors
    ///
    /// `invalid-position` for anything that was not issued for this log under this key.
    pub fn read(&self, token: &str) -> Result<Position, Problem> {
        let opened = self.opaque.open(&[LABEL, self.log.0.as_bytes()], token);
        match opened.map(<[u8; 8]>::try_from) {
            Some(Ok(bytes)) => Ok(Position(u64::from_be_bytes(bytes))),
            Some(Err(_)) | None => Err(Problem::new(Code::InvalidPosition)),
        }
    }

    /// What a query must at least show, when it says so.
    ///
    /// # Errors
    ///
    /// `invalid-position` when the header does not hold exactly one token of ours.
    pub fn wanted(&self, headers: &HeaderMap) -> Result<Option<Position>, Problem> {
        let mut values = headers.get_all(&EVIDENT_MIN_POSITION).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => {
                let text = value.to_str().map_err(|_| Problem::new(Code::InvalidPosition))?;
                self.read(text).map(Some)
            }
            (Some(_), Some(_)) => Err(Problem::new(Code::InvalidPosition)),
        }
    }
}

fn header(token: String) -> HeaderValue {
    // base64url is always a header's value.
    HeaderValue::try_from(token).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn tokens(key: u8, log: u128) -> PositionTokens {
        PositionTokens::new([key; 32], LogId(Uuid::from_u128(log)))
    }

    #[test]
    fn a_position_comes_back_from_its_token() {
        for position in [Position::START, Position(1), Position(u64::MAX)] {
            let token = tokens(1, 1).issue(position);
            assert_eq!(tokens(1, 1).read(&token).ok(), Some(position));
            assert!(token.len() <= 48, "{token}");
        }
    }

    #[test]
    fn a_token_tells_nothing_even_beside_another() {
        let (tokens, entropy) = (tokens(1, 1), Entropy::seeded(1));
        let known = tokens.issue(Position(7));
        assert_eq!(known, tokens.issue(Position(7)), "a command that is repeated answers as the first time");
        let anew = || tokens.header_anew(Position(7), &entropy).to_str().expect("text").to_owned();
        let (anew, again) = (anew(), anew());
        for (one, other) in [(&anew, &again), (&anew, &known), (&known, &tokens.issue(Position(8)))] {
            // What is not salt. One in 64 letters is the same by chance.
            let same = one.bytes().zip(other.bytes()).skip(16).filter(|(a, b)| a == b).count();
            assert!(same < 8, "{one} {other}");
        }
        assert_eq!(tokens.read(&anew).ok(), Some(Position(7)));
    }

    #[test]
    fn another_log_another_key_and_any_change_are_refused() {
        let token = tokens(1, 1).issue(Position(7));
        assert!(tokens(2, 1).read(&token).is_err());
        assert!(tokens(1, 2).read(&token).is_err());
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert!(tokens(1, 1).read(&changed).is_err(), "{changed}");
        }
        for wrong in ["", "7", "-1", "9223372036854775807", &format!("{token}="), &"A".repeat(1_000_000)] {
            assert_eq!(
                tokens(1, 1).read(wrong).map_err(|problem| problem.code()),
                Err(Code::InvalidPosition)
            );
        }
    }

    #[test]
    fn a_query_may_want_one_position_and_not_two() {
        let tokens = tokens(1, 1);
        let mut headers = HeaderMap::new();
        assert_eq!(tokens.wanted(&headers).ok(), Some(None));
        headers.append(EVIDENT_MIN_POSITION, tokens.header(Position(3)));
        assert_eq!(tokens.wanted(&headers).ok(), Some(Some(Position(3))));
        headers.append(EVIDENT_MIN_POSITION, tokens.header(Position(4)));
        assert!(tokens.wanted(&headers).is_err());
    }
}
