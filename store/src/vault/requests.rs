//! Requests that carry an idempotency key, remembered for a day.
//!
//! What is kept is not the answer but what the request's ids are derived from: said again, it makes the same ids, finds
//! them in the log, and answers from there. So this must be durable, unlike the tallies.

use super::{Vault, VaultError, engine::on_engine};
use events::Timestamp;
use std::time::Duration;

/// What is known of a request that carries an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remembered {
    /// It came for the first time, or for the first time in a day.
    First {
        /// What its ids are derived from: the seed that was given.
        seed: [u8; 16],
        /// When it came.
        at: Timestamp,
    },
    /// It came before.
    Again {
        /// What its ids are derived from: the seed of the first time.
        seed: [u8; 16],
        /// When it first came.
        at: Timestamp,
    },
    /// The key came before, with another body.
    OtherBody,
}

/// So long a request is remembered.
pub(super) const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

// Answers with no row when the key is there and not expired.
const REMEMBER: &str = "
    insert into requests (request_key, body_hash, seed, first_at_us) values ($1, $2, $3, $4)
    on conflict (request_key) do update
    set body_hash = excluded.body_hash, seed = excluded.seed, first_at_us = excluded.first_at_us
    where requests.first_at_us <= $5";
const FIND: &str = "select body_hash, seed, first_at_us from requests where request_key = $1";
type Row = (Vec<u8>, Vec<u8>, i64);

impl Vault {
    /// Remembers a request by its key's hash, or says that it came before. Of many that come at once with one key, one
    /// is the first, and the others are told its seed.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn remember_request(
        &self,
        key: &[u8; 32],
        body: &[u8; 32],
        seed: [u8; 16],
        now: Timestamp,
    ) -> Result<Remembered, VaultError> {
        let expired = now.before(REMEMBERED).micros();
        let found: Option<Row> = on_engine!(self, store => {
            let mut tx = store.begin().await?;
            let query = sqlx::query(REMEMBER).bind(&key[..]).bind(&body[..]).bind(&seed[..]);
            let first = query.bind(now.micros()).bind(expired).execute(&mut *tx).await?.rows_affected() == 1;
            // The conflict locked the row, so that nobody sweeps it away before it is read.
            let found = match first {
                true => None,
                false => Some(sqlx::query_as(FIND).bind(&key[..]).fetch_one(&mut *tx).await?),
            };
            tx.commit().await?;
            found
        });
        let Some((first_body, first_seed, first_at)) = found else {
            self.sweep_requests_in_passing(seed, now).await?;
            return Ok(Remembered::First { seed, at: now });
        };
        if first_body != body {
            return Ok(Remembered::OtherBody);
        }
        let seed = first_seed.try_into().map_err(|_| VaultError::Corrupt("a seed is not 16 bytes"))?;
        Ok(Remembered::Again { seed, at: Timestamp::from_micros(first_at) })
    }
}
