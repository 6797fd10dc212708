//! The address directory: who holds which address, by its keyed hash. It makes addresses unique.
//!
//! An address is claimed before its holder's first fact is appended and confirmed after. What becomes of a claim whose
//! holder never came to be is `command-api`'s to decide: it knows the log.

use super::{Vault, VaultError, engine::on_engine};
use events::{Timestamp, UserId};
use uuid::Uuid;

/// The keyed hash of a normalised address ([`Vault::address_hash`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressHash(pub [u8; 32]);

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
    /// It is held for the claimant, from now on or from an earlier claim.
    Claimed,
    /// Somebody else holds it.
    Held(Claim),
}

const FIND: &str = "select user_id, confirmed, claimed_at_us from addresses where address_hash = $1";
// The update that changes nothing makes the statement answer with the row that is there, whoever was faster.
const CLAIM: &str = "
    insert into addresses (address_hash, user_id, confirmed, claimed_at_us) values ($1, $2, false, $3)
    on conflict (address_hash) do update set user_id = addresses.user_id
    returning user_id, confirmed, claimed_at_us";
const TAKE_OVER: &str = "
    update addresses set user_id = $5, confirmed = false, claimed_at_us = $6
    where address_hash = $1 and user_id = $2 and confirmed = $3 and claimed_at_us = $4";
const CONFIRM: &str = "update addresses set confirmed = true where address_hash = $1 and user_id = $2";
const RELEASE: &str = "delete from addresses where address_hash = $1 and user_id = $2";
type Row = (Uuid, bool, i64);

impl Vault {
    /// Who holds an address.
    ///
    /// # Errors
    /// [`VaultError::Broken`], as all below.
    pub async fn find_address(&self, hash: AddressHash) -> Result<Option<Claim>, VaultError> {
        let row: Option<Row> = on_engine!(self, store => {
            sqlx::query_as(FIND).bind(&hash.0[..]).fetch_optional(&store.readers).await?
        });
        Ok(row.map(claim))
    }

    /// Claims an address. Of many who claim one at once, one gets it.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn claim_address(
        &self,
        hash: AddressHash,
        user: UserId,
        now: Timestamp,
    ) -> Result<ClaimOutcome, VaultError> {
        let row: Row = on_engine!(self, store => {
            let query = sqlx::query_as(CLAIM).bind(&hash.0[..]).bind(user.0).bind(now.micros());
            query.fetch_one(&store.writer).await?
        });
        let held = claim(row);
        Ok(if held.user == user { ClaimOutcome::Claimed } else { ClaimOutcome::Held(held) })
    }

    /// Takes an address over from a claim, if that is still as it was found. Of many who try at once, one does.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn take_over_address(
        &self,
        hash: AddressHash,
        from: &Claim,
        to: UserId,
        now: Timestamp,
    ) -> Result<bool, VaultError> {
        let Claim { user, confirmed, claimed_at } = *from;
        let taken = on_engine!(self, store => {
            let query = sqlx::query(TAKE_OVER).bind(&hash.0[..]).bind(user.0).bind(confirmed);
            let query = query.bind(claimed_at.micros()).bind(to.0).bind(now.micros());
            query.execute(&store.writer).await?.rows_affected()
        });
        Ok(taken == 1)
    }

    /// Confirms somebody's claim: they came to be. Nothing happens when the address is not, or no longer, theirs.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn confirm_address(&self, hash: AddressHash, user: UserId) -> Result<(), VaultError> {
        on_engine!(self, store => {
            sqlx::query(CONFIRM).bind(&hash.0[..]).bind(user.0).execute(&store.writer).await?;
        });
        Ok(())
    }

    /// Gives an address up, if it is somebody's: from then on it is free.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn release_address(&self, hash: AddressHash, user: UserId) -> Result<(), VaultError> {
        on_engine!(self, store => {
            sqlx::query(RELEASE).bind(&hash.0[..]).bind(user.0).execute(&store.writer).await?;
        });
        Ok(())
    }
}

fn claim((user, confirmed, claimed_at): Row) -> Claim {
    Claim { user: UserId(user), confirmed, claimed_at: Timestamp::from_micros(claimed_at) }
}
