//! Access tokens: EdDSA JWTs (RFC 9068), signed here and nowhere else.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use service::token::{Claims, TYP};
use store::vault::SigningKey;

/// Signs with the newest of the keys.
pub(crate) struct Signer {
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
    /// `keys` are all that the vault holds.
    pub(crate) fn new(keys: &[SigningKey]) -> Result<Self, SigningError> {
        let newest = keys.iter().max_by_key(|key| key.created_at).ok_or(SigningError::NoKey)?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYP.into());
        header.kid = Some(newest.kid.clone());
        Ok(Self { key: EncodingKey::from_ed_der(&newest.pkcs8), header })
    }

    /// The token. The same claims give the same token: Ed25519 signatures are deterministic (RFC 8032).
    pub(crate) fn sign(&self, claims: &Claims) -> Result<String, SigningError> {
        Ok(jsonwebtoken::encode(&self.header, claims, &self.key)?)
    }
}
