//! Access tokens: EdDSA JWTs (RFC 9068), signed here and nowhere else.

use events::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use service::token::{Claims, TYP};
use store::vault::SigningKey;

/// Signs with the newest of the keys that has begun to.
pub(crate) struct Signer {
    /// The newest first.
    keys: Vec<Key>,
}

struct Key {
    signs_from: Timestamp,
    key: EncodingKey,
    header: Header,
}

/// Why a token cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The vault holds no signing key.
    #[error("vault holds no signing key")]
    NoKey,
    /// The key or the claims are not what they should be.
    #[error("access token cannot be signed: {0}")]
    Unsignable(#[from] jsonwebtoken::errors::Error),
}

impl Signer {
    /// `keys` are all that the vault holds, the newest first.
    pub(crate) fn new(keys: &[SigningKey]) -> Result<Self, SigningError> {
        let key = |key: &SigningKey| {
            let mut header = Header::new(Algorithm::EdDSA);
            header.typ = Some(TYP.into());
            header.kid = Some(key.kid.clone());
            Key { signs_from: key.signs_from, key: EncodingKey::from_ed_der(&key.pkcs8), header }
        };
        let keys: Vec<_> = keys.iter().map(key).collect();
        if keys.is_empty() { Err(SigningError::NoKey) } else { Ok(Self { keys }) }
    }

    /// The token. The same claims give the same token for as long as the same key signs: Ed25519 signatures are
    /// deterministic (RFC 8032).
    pub(crate) fn sign(&self, claims: &Claims, now: Timestamp) -> Result<String, SigningError> {
        // On a clock that is behind that of whoever made the only key, that key signs all the same.
        let signs = self.keys.iter().find(|key| key.signs_from <= now).or(self.keys.last());
        let Key { key, header, .. } = signs.ok_or(SigningError::NoKey)?;
        Ok(jsonwebtoken::encode(header, claims, key)?)
    }
}
