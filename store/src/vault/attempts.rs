//! Tallies of guesses: one row for an address and a source, and one for the address as a whole.
//!
//! A commit here does not wait for the disk. A process that crashes loses nothing, since the operating system or the
//! database server has the bytes; when the power fails, the last moments' guesses are forgotten, and whoever guesses
//! has them once more. Waiting would make every sign-in pay for a disk's turn to guard against that. The file or the
//! database stays whole either way, and the next durable commit carries what came before it.

use super::{AddressHash, Vault, VaultError, engine::on_engine};
use events::Timestamp;

/// Failed sign-ins, from one source at one address or from all sources. The default is: none yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attempts {
    /// In a row.
    pub failures: u32,
    /// Refused until then.
    pub locked_until: Option<Timestamp>,
    /// When the present window began.
    pub window_started: Timestamp,
    /// Events written in it.
    pub recorded_in_window: u32,
}

const WHOLE_ADDRESS: &[u8] = b"";

// Locks both rows, which are made when missing. The address as a whole comes first, here and wherever rows of one
// address are locked, so that two transactions never wait for each other.
const LOCK: &str = "
    insert into sign_in_attempts
        (address_hash, source, failures, window_started_us, recorded_in_window, seen_at_us)
    values ($1, $2, 0, 0, 0, 0), ($1, $3, 0, 0, 0, 0)
    on conflict (address_hash, source) do update set failures = sign_in_attempts.failures
    returning source, failures, locked_until_us, window_started_us, recorded_in_window";
const WRITE: &str = "
    update sign_in_attempts
    set failures = $3, locked_until_us = $4, window_started_us = $5, recorded_in_window = $6, seen_at_us = $7
    where address_hash = $1 and source = $2";
// As above, for the address as a whole alone: a row that is deleted at this moment locks nothing, and its successor would be
// met in whatever order the table has.
const LOCK_WHOLE: &str = "
    insert into sign_in_attempts
        (address_hash, source, failures, window_started_us, recorded_in_window, seen_at_us)
    values ($1, $2, 0, 0, 0, 0)
    on conflict (address_hash, source) do update set failures = sign_in_attempts.failures";
const FORGET: &str = "delete from sign_in_attempts where address_hash = $1";
type Row = (Vec<u8>, i64, Option<i64>, i64, i64);

impl Vault {
    /// Changes both tallies of a guess, the source's and the whole address's, in one transaction: guesses at one
    /// address wait for each other, so that counting them is exact. `change` is called once.
    ///
    /// The vault tells when tallies were last of use by the newest moment that they speak of; [`Vault::sweep`] drops
    /// them a day after that.
    ///
    /// # Errors
    /// [`VaultError::Broken`]; then nothing changed.
    pub async fn update_attempts<R>(
        &self,
        hash: AddressHash,
        source: &[u8; 32],
        mut change: impl FnMut(&mut Attempts, &mut Attempts) -> R + Send,
    ) -> Result<R, VaultError> {
        let (hash, source) = (&hash.0[..], &source[..]);
        on_engine!(self, store => {
            let mut tx = store.begin_hasty().await?;
            let query = sqlx::query_as(LOCK).bind(hash).bind(WHOLE_ADDRESS).bind(source);
            let rows: Vec<Row> = query.fetch_all(&mut *tx).await?;
            let (mut for_source, mut for_address) = (tally(&rows, source)?, tally(&rows, WHOLE_ADDRESS)?);
            let result = change(&mut for_source, &mut for_address);
            let seen = for_source.newest().max(for_address.newest());
            for (source, tally) in [(WHOLE_ADDRESS, for_address), (source, for_source)] {
                let query = sqlx::query(WRITE).bind(hash).bind(source);
                let query = query.bind(i64::from(tally.failures)).bind(tally.locked_until.map(Timestamp::micros));
                let query = query.bind(tally.window_started.micros()).bind(i64::from(tally.recorded_in_window));
                query.bind(seen.micros()).execute(&mut *tx).await?;
            }
            tx.commit().await?;
            Ok(result)
        })
    }

    /// Forgets all guesses at an address, from wherever.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn forget_attempts(&self, hash: AddressHash) -> Result<(), VaultError> {
        let hash = &hash.0[..];
        on_engine!(self, store => {
            let mut tx = store.begin_hasty().await?;
            sqlx::query(LOCK_WHOLE).bind(hash).bind(WHOLE_ADDRESS).execute(&mut *tx).await?;
            sqlx::query(FORGET).bind(hash).execute(&mut *tx).await?;
            tx.commit().await?;
        });
        Ok(())
    }
}

impl Attempts {
    fn newest(&self) -> Timestamp {
        self.window_started.max(self.locked_until.unwrap_or_default())
    }
}

fn tally(rows: &[Row], source: &[u8]) -> Result<Attempts, VaultError> {
    let row = rows.iter().find(|row| row.0 == source).ok_or(VaultError::Corrupt("a tally went away"))?;
    let (_, failures, locked_until, window_started, recorded_in_window) = row;
    let count = |count: i64| u32::try_from(count).map_err(|_| VaultError::Corrupt("a tally is out of range"));
    Ok(Attempts {
        failures: count(*failures)?,
        locked_until: locked_until.map(Timestamp::from_micros),
        window_started: Timestamp::from_micros(*window_started),
        recorded_in_window: count(*recorded_in_window)?,
    })
}
