//! The form of a token: three base64url segments, of which the first two are JSON objects without surprises.

use super::{ALG, Claims, TYP, TokenError};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};

/// The longest token, in bytes. Ours are under 1 KiB.
const MAX_TOKEN_BYTES: usize = 4_096;
const MAX_KID_BYTES: usize = 64;

/// A token taken apart, with nothing of it believed yet.
pub(super) struct Parsed<'a> {
    pub(super) kid: String,
    pub(super) signed: &'a [u8],
    pub(super) signature: Vec<u8>,
    pub(super) claims: Claims,
}

/// Derived readers refuse a key that comes twice and, so told, one that they do not know: `crit`, `jku`, `jwk`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

pub(super) fn parse(token: &str) -> Result<Parsed<'_>, TokenError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::Malformed);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
    if claims.contains('.') {
        return Err(TokenError::Malformed);
    }
    let header: Header = object(header)?;
    if header.alg != ALG || header.typ != TYP {
        return Err(TokenError::Foreign);
    }
    if header.kid.len() > MAX_KID_BYTES {
        return Err(TokenError::Malformed);
    }
    let (signature, claims) = (decode(signature)?, object(claims)?);
    Ok(Parsed { kid: header.kid, signed: signed.as_bytes(), signature, claims })
}

/// Padding, line breaks, the other alphabet and stray last bits are all refused, so that a token has one spelling.
fn decode(segment: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(segment).map_err(|_| TokenError::Malformed)
}

fn object<T: DeserializeOwned>(segment: &str) -> Result<T, TokenError> {
    let bytes = decode(segment)?;
    // A derived struct would also be read from an array.
    if bytes.first() != Some(&b'{') {
        return Err(TokenError::Malformed);
    }
    serde_json::from_slice(&bytes).map_err(|_| TokenError::Malformed)
}
