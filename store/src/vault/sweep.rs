//! What has had its time, dropped a page at a time.

use super::{Vault, VaultError, engine::Engine, requests::REMEMBERED};
use events::Timestamp;
use std::time::Duration;

/// Tallies that nobody added to for so long are dropped.
const TALLIES_LAST: Duration = Duration::from_secs(24 * 60 * 60);
/// Pages that one sweep drops of each, so that it always ends soon.
const PAGES: usize = 10;
/// One request in so many sweeps a page in passing.
const IN_PASSING: u8 = 64;

/// A page: those on PostgreSQL that somebody is using are left for the next time, so that nobody waits.
struct Drop {
    sqlite: &'static str,
    postgres: &'static str,
}
const REQUESTS: Drop = Drop {
    sqlite: "
        delete from requests
        where request_key in (select request_key from requests where first_at_us <= $1 limit 1000)",
    postgres: "
        delete from requests where request_key in
            (select request_key from requests where first_at_us <= $1 limit 1000 for update skip locked)",
};
const TALLIES: Drop = Drop {
    sqlite: "
        delete from sign_in_attempts where (address_hash, source) in
            (select address_hash, source from sign_in_attempts where seen_at_us <= $1 limit 1000)",
    postgres: "
        delete from sign_in_attempts where (address_hash, source) in
            (select address_hash, source from sign_in_attempts where seen_at_us <= $1
            limit 1000 for update skip locked)",
};
const SESSIONS: Drop = Drop {
    sqlite: "
        delete from sessions where (user_id, session_id) in
            (select user_id, session_id from sessions where expires_at_us <= $1 limit 1000)",
    postgres: "
        delete from sessions where (user_id, session_id) in
            (select user_id, session_id from sessions where expires_at_us <= $1
            limit 1000 for update skip locked)",
};
const FULL_PAGE: u64 = 1000;

impl Vault {
    /// Drops requests and tallies of more than a day ago, and sessions that have expired, at most some ten thousand of
    /// each at a time.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn sweep(&self, now: Timestamp) -> Result<(), VaultError> {
        let due = [(REQUESTS, now.before(REMEMBERED)), (TALLIES, now.before(TALLIES_LAST)), (SESSIONS, now)];
        for (drop, before) in due {
            for _ in 0..PAGES {
                if self.sweep_page(&drop, before).await? < FULL_PAGE {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Keeps the requests bounded where nobody calls [`Vault::sweep`]. Seeds are random, so they say whose turn it is.
    pub(super) async fn sweep_requests_in_passing(
        &self,
        seed: [u8; 16],
        now: Timestamp,
    ) -> Result<(), VaultError> {
        if seed[0].is_multiple_of(IN_PASSING) {
            self.sweep_page(&REQUESTS, now.before(REMEMBERED)).await?;
        }
        Ok(())
    }

    async fn sweep_page(&self, drop: &Drop, before: Timestamp) -> Result<u64, VaultError> {
        Ok(match self.engine() {
            Engine::Sqlite(store) => {
                let mut tx = store.begin_hasty().await?;
                let query = sqlx::query(drop.sqlite).bind(before.micros());
                let dropped = query.execute(&mut *tx).await?.rows_affected();
                tx.commit().await?;
                dropped
            }
            Engine::Postgres(store) => {
                let mut tx = store.begin_hasty().await?;
                let query = sqlx::query(drop.postgres).bind(before.micros());
                let dropped = query.execute(&mut *tx).await?.rows_affected();
                tx.commit().await?;
                dropped
            }
        })
    }
}
