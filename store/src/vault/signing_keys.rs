//! The keys that sign access tokens. Whoever verifies needs the public half only, and no master key.
//!
//! All that are here are published and trusted. Which of them signs is a matter of time: the newest that has begun to.
//! So one can be published before it is used, and stay for as long as tokens live that it signed.

use super::{Vault, VaultError, engine::on_engine, master_keys::while_keys_change};
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
    /// When it begins to sign, unless a newer one has.
    pub signs_from: Timestamp,
}

/// A new key as it is kept, and the generation of the master key that wrapped it.
struct Wrapped {
    kid: String,
    public: [u8; 32],
    wrapped: Vec<u8>,
    by: i64,
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
    insert into signing_keys (generation, kid, public_key, wrapped, created_at_us, wrapped_by)
    values (1, $1, $2, $3, $4, $5)
    on conflict (generation) do nothing";
const NEWEST: &str = "select coalesce(max(generation), 0) from signing_keys";
const CREATE: &str = "
    insert into signing_keys (generation, kid, public_key, wrapped, created_at_us, signs_from_us, wrapped_by)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (generation) do nothing";
const DROP_OLDER: &str = "delete from signing_keys where generation < $1";
// Superseded is a key by the first one after it that has begun to sign.
const RETIRE: &str = "
    delete from signing_keys
    where generation < (select max(generation) from signing_keys where signs_from_us <= $1)";
const ALL: &str = "
    select kid, public_key, wrapped, created_at_us, signs_from_us from signing_keys
    order by generation desc limit 100";
const ALL_PUBLIC: &str = "select kid, public_key from signing_keys order by generation desc limit 100";
type Row = (String, Vec<u8>, Vec<u8>, i64, i64);

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
        while_keys_change!(self.create_first_signing_key(now))
    }

    async fn create_first_signing_key(&self, now: Timestamp) -> Result<(), VaultError> {
        let Wrapped { kid, public, wrapped, by } = self.new_signing_key().await?;
        on_engine!(self, store => {
            let query = sqlx::query(CREATE_FIRST).bind(kid).bind(&public[..]).bind(wrapped).bind(now.micros());
            query.bind(by).execute(&store.writer).await?;
        });
        Ok(())
    }

    /// Makes one more key, which is published from now on and signs from then on; its name. `None` when somebody else
    /// made one at the same moment, and then nothing changed.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn add_signing_key(
        &self,
        now: Timestamp,
        signs_from: Timestamp,
    ) -> Result<Option<String>, VaultError> {
        while_keys_change!(self.create_signing_key(now, signs_from, false))
    }

    /// Makes a key that signs from now on, and drops all others: what they signed is refused by whoever looks next.
    /// `None` as above.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn replace_signing_keys(&self, now: Timestamp) -> Result<Option<String>, VaultError> {
        while_keys_change!(self.create_signing_key(now, now, true))
    }

    async fn create_signing_key(
        &self,
        now: Timestamp,
        signs_from: Timestamp,
        alone: bool,
    ) -> Result<Option<String>, VaultError> {
        let Wrapped { kid, public, wrapped, by } = self.new_signing_key().await?;
        on_engine!(self, store => {
            let mut tx = store.begin().await?;
            let newest: i64 = sqlx::query_scalar(NEWEST).fetch_one(&mut *tx).await?;
            let query = sqlx::query(CREATE).bind(newest + 1).bind(&kid).bind(&public[..]).bind(wrapped);
            let query = query.bind(now.micros()).bind(signs_from.micros()).bind(by);
            if query.execute(&mut *tx).await?.rows_affected() == 0 {
                return Ok(None);
            }
            if alone {
                sqlx::query(DROP_OLDER).bind(newest + 1).execute(&mut *tx).await?;
            }
            tx.commit().await?;
        });
        Ok(Some(kid))
    }

    /// Drops the keys that others had taken over from by then; says how many. To be said only of a moment since when
    /// every token that such a key signed has run out.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn retire_signing_keys(&self, superseded_by: Timestamp) -> Result<u64, VaultError> {
        Ok(on_engine!(self, store => {
            sqlx::query(RETIRE).bind(superseded_by.micros()).execute(&store.writer).await?.rows_affected()
        }))
    }

    async fn new_signing_key(&self) -> Result<Wrapped, VaultError> {
        let wrapping = self.wrapping().await?;
        let made = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new())?;
        let pkcs8 = Zeroizing::new(made.as_ref().to_vec());
        let pair =
            Ed25519KeyPair::from_pkcs8(&pkcs8).map_err(|_| VaultError::Corrupt("a new signing key"))?;
        let public = public_key(pair.public_key().as_ref())?;
        let kid = thumbprint(&public);
        let wrapped = wrapping.wrap(&signing_label(&kid), &pkcs8)?;
        Ok(Wrapped { kid, public, wrapped, by: wrapping.generation })
    }

    /// The keys that sign, newest first. Not for readers of the vault.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when one cannot be unwrapped.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>, VaultError> {
        let rows: Vec<Row> = on_engine!(self, store => sqlx::query_as(ALL).fetch_all(&store.readers).await?);
        let mut keys = Vec::with_capacity(rows.len());
        for (kid, public, wrapped, created_at, signs_from) in rows {
            let Some(pkcs8) = self.master().unwrap(&signing_label(&kid), &wrapped) else {
                return Err(self.unopened().await);
            };
            keys.push(SigningKey {
                pkcs8,
                kid,
                public: public_key(&public)?,
                created_at: Timestamp::from_micros(created_at),
                signs_from: Timestamp::from_micros(signs_from),
            });
        }
        Ok(keys)
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

pub(super) fn signing_label(kid: &str) -> String {
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
