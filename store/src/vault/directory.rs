//! The address directory: who holds which address, by its keyed hash. It makes addresses unique.
//!
//! An address is claimed before its holder's first fact is appended and confirmed after. What becomes of a claim whose
//! holder never came to be is `command-api`'s to decide: it knows the log.
//!
//! A row has the hash of the index key that addresses are found by, and beside it, while that key is replaced
//! (`refill`), the hash of the next. So one row is one address all along, and one statement is enough for each change. Every
//! statement goes by how the directory stood when this process looked last (`index_keys`), and finds out whether it
//! still does: a question in its own snapshot; a claim by a lock on the row that says so; all others when they changed
//! nothing.

use super::{
    Vault, VaultError,
    engine::{Engine, on_engine},
    index_keys::Index,
};
use events::{Timestamp, UserId};
use uuid::Uuid;

/// Who holds an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The holder.
    pub user: UserId,
    /// Whether the holder came to be.
    pub confirmed: bool,
    /// Since when.
    pub claimed_at: Timestamp,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// It is held for the claimant: from now on, or confirmed since an earlier claim.
    Claimed,
    /// Somebody else holds it.
    Held(Claim),
}

/// The directory changes twice while its key is replaced, and an address may be let go while it is claimed.
const TRIES: usize = 10;

/// The statements, by the column that addresses are found by and the one that is filled.
struct Statements {
    find: &'static str,
    claim_sqlite: &'static str,
    claim_postgres: &'static str,
    take_over: &'static str,
    confirm: &'static str,
    release: &'static str,
}

macro_rules! statements {
    ($found:literal, $filled:literal) => {
        Statements {
            find: concat!(
                "select directory.reads, addresses.user_id, addresses.confirmed, addresses.claimed_at_us ",
                "from directory left join addresses on addresses.", $found, " = $1"
            ),
            claim_sqlite: concat!(
                "insert into addresses (", $found, ", ", $filled, ", user_id, confirmed, claimed_at_us) ",
                "select $1, $2, $3, false, $4 from directory where reads = $5 and fills is not distinct from $6 ",
                "on conflict do nothing"
            ),
            // The lock waits for whoever changes the row, and looks at it again; who changes it waits for this.
            claim_postgres: concat!(
                "insert into addresses (", $found, ", ", $filled, ", user_id, confirmed, claimed_at_us) ",
                "select $1, $2, $3, false, $4 from (select one from directory ",
                "where reads = $5 and fills is not distinct from $6 for share) as as_known ",
                "on conflict do nothing"
            ),
            take_over: concat!(
                "update addresses set user_id = $5, confirmed = false, claimed_at_us = $6 ",
                "where ", $found, " = $1 and user_id = $2 and confirmed = $3 and claimed_at_us = $4"
            ),
            confirm: concat!("update addresses set confirmed = true where ", $found, " = $1 and user_id = $2"),
            release: concat!("delete from addresses where ", $found, " = $1 and user_id = $2"),
        }
    };
}

static BY_ODD: Statements = statements!("address_hash", "even_hash");
static BY_EVEN: Statements = statements!("even_hash", "address_hash");

fn statements(index: &Index) -> &'static Statements {
    if index.reads % 2 == 0 { &BY_EVEN } else { &BY_ODD }
}

type Row = (i64, Option<Uuid>, Option<bool>, Option<i64>);

/// What a question by an outdated key answers.
struct Outdated;

/// Changes the row of an address; whether it was there as it was to be. When it was not, that may be for the key.
macro_rules! change {
    ($vault:expr, $address:expr, $statement:ident, $($bound:expr),+) => {{
        let mut index = $vault.index().await?;
        for _ in 0..TRIES {
            let hash = index.found_by($address)?;
            let changed = on_engine!($vault, store => {
                let query = sqlx::query(statements(&index).$statement).bind(&hash[..])$(.bind($bound))+;
                query.execute(&store.writer).await?.rows_affected()
            });
            let now = if changed > 0 { return Ok(true) } else { $vault.look_at_index().await? };
            if now.reads == index.reads {
                return Ok(false);
            }
            index = now;
        }
        Err(VaultError::Changing)
    }};
}

impl Vault {
    /// Who holds an address, given in its normal form, as in all that follows.
    ///
    /// # Errors
    /// [`VaultError::Broken`], as all below.
    pub async fn find_address(&self, address: &str) -> Result<Option<Claim>, VaultError> {
        let mut index = self.index().await?;
        for _ in 0..TRIES {
            match self.find_by(&index, address).await? {
                Ok(claim) => return Ok(claim),
                Err(Outdated) => index = self.look_at_index().await?,
            }
        }
        Err(VaultError::Changing)
    }

    async fn find_by(
        &self,
        index: &Index,
        address: &str,
    ) -> Result<Result<Option<Claim>, Outdated>, VaultError> {
        let hash = index.found_by(address)?;
        let find = statements(index).find;
        let row: Row = on_engine!(self, store => {
            sqlx::query_as(find).bind(&hash[..]).fetch_one(&store.readers).await?
        });
        Ok(match row {
            (reads, ..) if reads != index.reads => Err(Outdated),
            (_, Some(user), Some(confirmed), Some(at)) => {
                Ok(Some(Claim { user: UserId(user), confirmed, claimed_at: Timestamp::from_micros(at) }))
            }
            _ => Ok(None),
        })
    }

    /// Claims an address. Of many who claim one at once, one gets it; whoever has claimed it before claims it anew, until it is
    /// confirmed.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn claim_address(
        &self,
        address: &str,
        user: UserId,
        now: Timestamp,
    ) -> Result<ClaimOutcome, VaultError> {
        let mut index = self.index().await?;
        for _ in 0..TRIES {
            if self.claim_by(&index, address, user, now).await? {
                return Ok(ClaimOutcome::Claimed);
            }
            // Held, or let go again, or the directory is no longer as it was believed to be.
            match self.find_by(&index, address).await? {
                Ok(Some(claim)) if claim.user != user => return Ok(ClaimOutcome::Held(claim)),
                Ok(Some(claim)) if claim.confirmed => return Ok(ClaimOutcome::Claimed),
                // Left by an earlier try. From now on it is as young as this one, or it could run out under it.
                Ok(Some(claim)) if self.take_over_address(address, &claim, user, now).await? => {
                    return Ok(ClaimOutcome::Claimed);
                }
                Ok(Some(_) | None) | Err(Outdated) => index = self.look_at_index().await?,
            }
        }
        Err(VaultError::Changing)
    }

    async fn claim_by(
        &self,
        index: &Index,
        address: &str,
        user: UserId,
        now: Timestamp,
    ) -> Result<bool, VaultError> {
        let (found, filled) = (index.found_by(address)?, index.filled_by(address)?);
        let (found, filled) = (&found[..], filled.as_ref().map(|hash| &hash[..]));
        let claim = statements(index);
        let claimed = match self.engine() {
            Engine::Sqlite(store) => {
                let query = sqlx::query(claim.claim_sqlite).bind(found).bind(filled).bind(user.0);
                let query = query.bind(now.micros()).bind(index.reads).bind(index.fills);
                query.execute(&store.writer).await?.rows_affected()
            }
            Engine::Postgres(store) => {
                let query = sqlx::query(claim.claim_postgres).bind(found).bind(filled).bind(user.0);
                let query = query.bind(now.micros()).bind(index.reads).bind(index.fills);
                query.execute(&store.writer).await?.rows_affected()
            }
        };
        Ok(claimed == 1)
    }

    /// Takes an address over from a claim, if that is still as it was found. Of many who try at once, one does.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn take_over_address(
        &self,
        address: &str,
        from: &Claim,
        to: UserId,
        now: Timestamp,
    ) -> Result<bool, VaultError> {
        let Claim { user, confirmed, claimed_at } = *from;
        change!(self, address, take_over, user.0, confirmed, claimed_at.micros(), to.0, now.micros())
    }

    /// Confirms somebody's claim: they came to be. Nothing happens when the address is not, or no longer, theirs; whether it
    /// is.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn confirm_address(&self, address: &str, user: UserId) -> Result<bool, VaultError> {
        change!(self, address, confirm, user.0)
    }

    /// Gives an address up, if it is somebody's: from then on it is free. Whether it was theirs.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn release_address(&self, address: &str, user: UserId) -> Result<bool, VaultError> {
        change!(self, address, release, user.0)
    }
}
