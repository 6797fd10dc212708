//! Replacing the index key: the directory is filled with the hashes of the next one, goes over to it, and forgets the last.
//!
//! Three steps, each of which can be broken off and said again. From the first on, every claim writes both hashes; whoever
//! knows the log fills in the others, each from the address that its holder has; when none is missing, while nobody claims,
//! the directory goes over. Then the old hashes are taken away. Whoever worked by what was before a step is told so by the
//! statement that would have been wrong (`directory`).

use super::{
    Claim, Vault, VaultError,
    engine::{let_others, on_engine},
    index_keys::{Index, STATE, index_label},
    master::random_secret,
    master_keys::while_keys_change,
};
use events::{Timestamp, UserId};
use tokio::time::Instant;
use uuid::Uuid;

/// An address that lacks the hash of the next index key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfilled {
    hash: Vec<u8>,
    /// Who holds it.
    pub claim: Claim,
}

/// What came of filling in a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// It is there, or the address was given up meanwhile: nothing is left to do.
    Done,
    /// The row is of another address than the one that was given.
    OtherAddress,
}

/// How far the replacement of the index key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refilling {
    /// None is under way.
    Idle,
    /// Hashes of the next key are being filled in.
    Filling,
    /// The directory went over to the next key; hashes of the last are there still.
    Forgetting,
}

/// Rows of one transaction: whoever claims an address waits no longer than for these.
const PAGE: i64 = 500;

/// Whoever changes how the directory stands writes its row first: claims wait, and are waited for.
const TAKE_TURN: &str = "update directory set reads = reads";
const ADD_KEY: &str = "insert into index_keys (generation, wrapped, wrapped_by) values ($1, $2, $3)";
const FILL_BY: &str = "update directory set fills = $1";
const SUPERSEDE: &str = "update index_keys set superseded_at_us = $2 where generation = $1";
const GO_OVER: &str = "update directory set reads = fills, fills = null";

/// The statements, by the column that addresses are found by and the other one.
struct Statements {
    other_is_used: &'static str,
    unfilled: &'static str,
    fill: &'static str,
    drop: &'static str,
    any_unfilled: &'static str,
    forgettable: &'static str,
    forget: &'static str,
}

macro_rules! statements {
    ($found:literal, $other:literal) => {
        Statements {
            other_is_used: concat!(
                "select count(*) from (select 1 from addresses where ",
                $other,
                " is not null limit 1) as used"
            ),
            unfilled: concat!(
                "select ",
                $found,
                ", user_id, confirmed, claimed_at_us from addresses where ",
                $other,
                " is null and ",
                $found,
                " > $1 order by ",
                $found,
                " limit $2"
            ),
            fill: concat!(
                "update addresses set ",
                $other,
                " = $3 where ",
                $found,
                " = $1 and user_id = $2 and ",
                $other,
                " is null"
            ),
            drop: concat!(
                "delete from addresses where ",
                $found,
                " = $1 and user_id = $2 and confirmed = $3 ",
                "and claimed_at_us = $4 and ",
                $other,
                " is null"
            ),
            any_unfilled: concat!(
                "select count(*) from (select 1 from addresses where ",
                $other,
                " is null limit 1) as unfilled"
            ),
            forgettable: concat!(
                "select ",
                $found,
                " from addresses where ",
                $other,
                " is not null and ",
                $found,
                " > $1 order by ",
                $found,
                " limit $2"
            ),
            forget: concat!("update addresses set ", $other, " = null where ", $found, " = $1"),
        }
    };
}

static BY_ODD: Statements = statements!("address_hash", "even_hash");
static BY_EVEN: Statements = statements!("even_hash", "address_hash");

fn statements(reads: i64) -> &'static Statements {
    if reads % 2 == 0 { &BY_EVEN } else { &BY_ODD }
}

impl Vault {
    /// How far the replacement of the index key is, as the vault says.
    ///
    /// # Errors
    /// [`VaultError::Broken`], as all below.
    pub async fn refilling(&self) -> Result<Refilling, VaultError> {
        let Index { reads, fills, .. } = *self.look_at_index().await?;
        if fills.is_some() {
            return Ok(Refilling::Filling);
        }
        let used: i64 = on_engine!(self, store => {
            sqlx::query_scalar(statements(reads).other_is_used).fetch_one(&store.readers).await?
        });
        Ok(if used > 0 { Refilling::Forgetting } else { Refilling::Idle })
    }

    /// Makes the next index key, if no replacement is under way: from now on every claim has its hash, too.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn begin_refilling(&self) -> Result<(), VaultError> {
        while_keys_change!(self.try_begin_refilling())?;
        self.look_at_index().await.map(drop)
    }

    async fn try_begin_refilling(&self) -> Result<(), VaultError> {
        let (secret, wrapping) = (random_secret()?, self.wrapping().await?);
        on_engine!(self, store => {
            let mut tx = store.begin().await?;
            sqlx::query(TAKE_TURN).execute(&mut *tx).await?;
            let (reads, fills): (i64, Option<i64>) = sqlx::query_as(STATE).fetch_one(&mut *tx).await?;
            let used: i64 = sqlx::query_scalar(statements(reads).other_is_used).fetch_one(&mut *tx).await?;
            if fills.is_some() || used > 0 {
                return Ok(());
            }
            let next = reads + 1;
            let wrapped = wrapping.wrap(&index_label(next), &*secret)?;
            let query = sqlx::query(ADD_KEY).bind(next).bind(wrapped).bind(wrapping.generation);
            query.execute(&mut *tx).await?;
            sqlx::query(FILL_BY).bind(next).execute(&mut *tx).await?;
            tx.commit().await?;
        });
        Ok(())
    }

    /// The addresses that lack the next key's hash, behind another: a page of them, in an order of their own. None when no
    /// key is being filled in.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn unfilled(&self, after: Option<&Unfilled>) -> Result<Vec<Unfilled>, VaultError> {
        let index = self.index().await?;
        if index.fills.is_none() {
            return Ok(Vec::new());
        }
        let after = after.map_or(&[][..], |after| &after.hash);
        let rows: Vec<(Vec<u8>, Uuid, bool, i64)> = on_engine!(self, store => {
            let query = sqlx::query_as(statements(index.reads).unfilled).bind(after).bind(PAGE);
            query.fetch_all(&store.readers).await?
        });
        let unfilled = |(hash, user, confirmed, at)| Unfilled {
            hash,
            claim: Claim { user: UserId(user), confirmed, claimed_at: Timestamp::from_micros(at) },
        };
        Ok(rows.into_iter().map(unfilled).collect())
    }

    /// Fills in the next key's hash, if the row is of this address.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn fill(&self, row: &Unfilled, address: &str) -> Result<Filled, VaultError> {
        let index = self.index().await?;
        if index.found_by(address)?[..] != row.hash {
            return Ok(Filled::OtherAddress);
        }
        let Some(next) = index.filled_by(address)? else { return Ok(Filled::Done) };
        on_engine!(self, store => {
            let query = sqlx::query(statements(index.reads).fill).bind(&row.hash);
            query.bind(row.claim.user.0).bind(&next[..]).execute(&store.writer).await?;
        });
        Ok(Filled::Done)
    }

    /// Drops a claim that holds no longer and cannot be filled in, if it is still as it was found.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn drop_unfilled(&self, row: &Unfilled) -> Result<(), VaultError> {
        let (index, Claim { user, confirmed, claimed_at }) = (self.index().await?, row.claim);
        on_engine!(self, store => {
            let query = sqlx::query(statements(index.reads).drop).bind(&row.hash).bind(user.0);
            query.bind(confirmed).bind(claimed_at.micros()).execute(&store.writer).await?;
        });
        Ok(())
    }

    /// Goes over to the next key, if no address lacks its hash; whether it did. From then on addresses are found by it.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn go_over(&self, now: Timestamp) -> Result<bool, VaultError> {
        on_engine!(self, store => {
            let mut tx = store.begin().await?;
            // Claims that are under way are seen from here on, and none begins.
            sqlx::query(TAKE_TURN).execute(&mut *tx).await?;
            let (reads, fills): (i64, Option<i64>) = sqlx::query_as(STATE).fetch_one(&mut *tx).await?;
            if fills.is_some() {
                let unfilled: i64 =
                    sqlx::query_scalar(statements(reads).any_unfilled).fetch_one(&mut *tx).await?;
                if unfilled > 0 {
                    return Ok(false);
                }
                sqlx::query(SUPERSEDE).bind(reads).bind(now.micros()).execute(&mut *tx).await?;
                sqlx::query(GO_OVER).execute(&mut *tx).await?;
                tx.commit().await?;
            }
        });
        self.look_at_index().await?;
        Ok(true)
    }

    /// Takes the hashes of the last key away, a few rows at a time; says of how many addresses. Nothing happens while the next
    /// key's are being filled in.
    ///
    /// # Errors
    /// [`VaultError::Broken`]; said again, it goes on.
    pub async fn forget_old_hashes(&self) -> Result<u64, VaultError> {
        let (mut after, mut forgotten) = (Vec::new(), 0);
        loop {
            let began = Instant::now();
            let page: Vec<Vec<u8>> = on_engine!(self, store => {
                let mut tx = store.begin().await?;
                sqlx::query(TAKE_TURN).execute(&mut *tx).await?;
                let (reads, fills): (i64, Option<i64>) = sqlx::query_as(STATE).fetch_one(&mut *tx).await?;
                if fills.is_some() {
                    return Ok(forgotten);
                }
                let query = sqlx::query_scalar(statements(reads).forgettable).bind(&after).bind(PAGE);
                let page: Vec<Vec<u8>> = query.fetch_all(&mut *tx).await?;
                for hash in &page {
                    sqlx::query(statements(reads).forget).bind(hash).execute(&mut *tx).await?;
                }
                tx.commit().await?;
                page
            });
            forgotten += page.len() as u64;
            match page.into_iter().next_back() {
                Some(last) => after = last,
                None => break,
            }
            let_others(began.elapsed()).await;
        }
        self.forget_pages().await?;
        Ok(forgotten)
    }
}
