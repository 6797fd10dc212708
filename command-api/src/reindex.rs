//! The directory by another index key: each address hashed anew from what its holder's events say, while everybody works.
//!
//! The vault keeps hashes and no address, so it cannot do this by itself. What the log says of a holder decides, as it does
//! everywhere (`registration`): a row whose holder has another address, or none, is a claim that is under way, or one that
//! holds no longer.

use crate::{App, failure::Failure, input::directory_key, registration::CLAIM_HOLDS};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::time::Duration;
use store::vault::{Filled, Refilling, Unfilled};

/// How many addresses are under way at once.
const AT_ONCE: usize = 16;

/// A claim that was made so long ago is not under way any more, whoever's clock says so.
const UNDER_WAY: Duration = CLAIM_HOLDS.saturating_mul(2);

/// How long until claims that are under way are looked at again.
const PAUSE: Duration = Duration::from_millis(500);

/// Looks at what is left, each after a pause: longer than any claim is under way.
const LOOKS: usize = 1_000;

/// What became of the addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reindexed {
    /// It ended what was begun before, and began nothing.
    pub resumed: bool,
    /// So many were hashed anew.
    pub filled: u64,
    /// So many were claims that held no longer, and are free.
    pub dropped: u64,
    /// Of so many the old hash was taken away.
    pub forgotten: u64,
}

/// Why the directory is not by the next index key yet. Said again, it goes on where it was.
#[derive(Debug, thiserror::Error)]
pub enum ReindexError {
    /// A store does not answer, or contradicts itself.
    #[error("{0}; said again, it goes on from here")]
    Stopped(String),
    /// Somebody goes on writing claims without the new hash.
    #[error("some process goes on claiming addresses by the old key alone: is every one of this version?")]
    NeverFull,
}

/// Brings the directory to the next index key, or ends what was begun before. `tell` hears of each page how many addresses
/// have been looked at.
///
/// # Errors
/// [`ReindexError`]; addresses are found and held all the same.
pub async fn reindex(app: &App, mut tell: impl FnMut(u64)) -> Result<Reindexed, ReindexError> {
    let refilling = app.vault.refilling().await.map_err(stopped)?;
    let mut done = Reindexed { resumed: refilling != Refilling::Idle, ..Reindexed::default() };
    if refilling == Refilling::Idle {
        app.vault.begin_refilling().await.map_err(stopped)?;
    }
    if refilling != Refilling::Forgetting {
        app.refill(&mut done, &mut tell).await?;
    }
    done.forgotten = app.vault.forget_old_hashes().await.map_err(stopped)?;
    Ok(done)
}

fn stopped(failure: impl Into<Failure>) -> ReindexError {
    ReindexError::Stopped(failure.into().to_string())
}

/// What became of one row.
enum Row {
    Filled,
    Dropped,
    UnderWay,
}

impl App {
    async fn refill(&self, done: &mut Reindexed, tell: &mut impl FnMut(u64)) -> Result<(), ReindexError> {
        for _ in 0..LOOKS {
            let under_way = self.refill_once(done, tell).await.map_err(stopped)?;
            let over = under_way == 0 && self.vault.go_over(self.clock.now()).await.map_err(stopped)?;
            if over {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(ReindexError::NeverFull)
    }

    /// How many claims were under way.
    async fn refill_once(&self, done: &mut Reindexed, tell: &mut impl FnMut(u64)) -> Result<u64, Failure> {
        let (mut after, mut under_way): (Option<Unfilled>, u64) = (None, 0);
        loop {
            let page = self.vault.unfilled(after.as_ref()).await?;
            let Some(last) = page.last().cloned() else { return Ok(under_way) };
            let rows = stream::iter(&page).map(|row| self.refill_row(row)).buffered(AT_ONCE);
            for row in rows.try_collect::<Vec<_>>().await? {
                match row {
                    Row::Filled => done.filled += 1,
                    Row::Dropped => done.dropped += 1,
                    Row::UnderWay => under_way += 1,
                }
            }
            tell(done.filled + done.dropped);
            after = Some(last);
        }
    }

    async fn refill_row(&self, row: &Unfilled) -> Result<Row, Failure> {
        if let Some(email) = self.address_of(row.claim.user).await?
            && self.vault.fill(row, &directory_key(&email)).await? == Filled::Done
        {
            return Ok(Row::Filled);
        }
        if self.clock.now().since(row.claim.claimed_at) <= UNDER_WAY {
            return Ok(Row::UnderWay);
        }
        self.vault.drop_unfilled(row).await?;
        Ok(Row::Dropped)
    }
}
