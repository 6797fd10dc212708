//! The keys that sign access tokens. Whoever verifies needs the public half only, and no master key.

use super::{Vault, VaultError, engine::on_engine};
use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use events::Timestamp;
use std::fmt;
use zeroize::Zeroizing;

/// A key that signs access tokens.
pub struct SigningKey {
    /// Its name: the RFC 7638 thumbprint of the public key.
    pub kid: String,
    /// The Ed25519 public key.
    pub public: [u8; 32],
    /// The private key, PKCS#8 (RFC 8410).
    pub pkcs8: Zeroizing<Vec<u8>>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A key that verifies access tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Its name: the RFC 7638 thumbprint.
    pub kid: String,
    /// The Ed25519 public key.
    pub public: [u8; 32],
}

const ANY: &str = "select count(*) from signing_keys";
// The generation is unique, so that of many who make the first key at once, one does.
const CREATE_FIRST: &str = "
    insert into signing_keys (generation, kid, public_key, wrapped, created_at_us) values (1, $1, $2, $3, $4)
    on conflict (generation) do nothing";
const ALL: &str = "
    select kid, public_key, wrapped, created_at_us from signing_keys order by generation desc limit 100";
const ALL_PUBLIC: &str = "select kid, public_key from signing_keys order by generation desc limit 100";
type Row = (String, Vec<u8>, Vec<u8>, i64);

impl Vault {
    /// Makes the first signing key when there is none. Saying it twice, or at once, makes one.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn ensure_signing_key(&self, now: Timestamp) -> Result<(), VaultError> {
        let there: i64 = on_engine!(self, store => sqlx::query_scalar(ANY).fetch_one(&store.readers).await?);
        if there > 0 {
            return Ok(());
        }
        let (kid, public, wrapped) = self.new_signing_key()?;
        on_engine!(self, store => {
            let query = sqlx::query(CREATE_FIRST).bind(kid).bind(&public[..]).bind(wrapped).bind(now.micros());
            query.execute(&store.writer).await?;
        });
        Ok(())
    }

    fn new_signing_key(&self) -> Result<(String, [u8; 32], Vec<u8>), VaultError> {
        let made = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new())?;
        let pkcs8 = Zeroizing::new(made.as_ref().to_vec());
        let pair =
            Ed25519KeyPair::from_pkcs8(&pkcs8).map_err(|_| VaultError::Corrupt("a new signing key"))?;
        let public = public_key(pair.public_key().as_ref())?;
        let kid = thumbprint(&public);
        let wrapped = self.master().wrap(&label(&kid), &pkcs8)?;
        Ok((kid, public, wrapped))
    }

    /// The keys that sign, newest first. Not for readers of the vault.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when one cannot be unwrapped.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>, VaultError> {
        let rows: Vec<Row> = on_engine!(self, store => sqlx::query_as(ALL).fetch_all(&store.readers).await?);
        let unwrapped = |(kid, public, wrapped, created_at): Row| {
            let corrupt = VaultError::Corrupt("a signing key is not wrapped by the master key");
            Ok(SigningKey {
                pkcs8: self.master().unwrap(&label(&kid), &wrapped).ok_or(corrupt)?,
                kid,
                public: public_key(&public)?,
                created_at: Timestamp::from_micros(created_at),
            })
        };
        rows.into_iter().map(unwrapped).collect()
    }

    /// The keys that verify, newest first.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn public_signing_keys(&self) -> Result<Vec<PublicKey>, VaultError> {
        let rows: Vec<(String, Vec<u8>)> =
            on_engine!(self, store => sqlx::query_as(ALL_PUBLIC).fetch_all(&store.readers).await?);
        rows.into_iter().map(|(kid, public)| Ok(PublicKey { kid, public: public_key(&public)? })).collect()
    }
}

/// RFC 7638 §3 over the members that RFC 8037 §2 requires, in their lexicographic order.
fn thumbprint(public: &[u8; 32]) -> String {
    let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(public));
    URL_SAFE_NO_PAD.encode(digest(&SHA256, jwk.as_bytes()))
}

fn public_key(bytes: &[u8]) -> Result<[u8; 32], VaultError> {
    bytes.try_into().map_err(|_| VaultError::Corrupt("a public key is not 32 bytes"))
}

fn label(kid: &str) -> String {
    format!("signing key\n{kid}")
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, …)", self.kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_by_its_thumbprint() {
        // RFC 8037 appendix A.3.
        let public =
            URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").expect("base64url");
        let public = public_key(&public).expect("32 bytes");
        assert_eq!(thumbprint(&public), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
