//! Erasing people: noted before the log hears of it, finished after, so that a crash in between is taken up again.
//!
//! The rows stay for good. Key tables restored from a backup hold keys that were destroyed since; this list, which is
//! to be restored from the newest backup there is, says whose go again before the vault serves.

use super::{
    Vault, VaultError,
    engine::{Engine, on_engine},
};
use events::{Timestamp, UserId};
use uuid::Uuid;

const BEGIN: &str =
    "insert into erasures (user_id, begun_at_us) values ($1, $2) on conflict (user_id) do nothing";
const DESTROY_PROFILE: &str = "delete from profile_keys where user_id = $1";
const DESTROY_CREDENTIAL: &str = "delete from credential_keys where user_id = $1";
const FINISH: &str = "
    insert into erasures (user_id, begun_at_us, finished_at_us) values ($1, $2, $2)
    on conflict (user_id) do update
    set finished_at_us = coalesce(erasures.finished_at_us, excluded.finished_at_us)";
const ABANDON: &str = "delete from erasures where user_id = $1 and finished_at_us is null";
const UNFINISHED: &str = "
    select user_id from erasures where finished_at_us is null order by begun_at_us limit 1000";
const CAME_BACK: &str = "
    select user_id from erasures
    where finished_at_us is not null
        and (exists (select 1 from profile_keys where profile_keys.user_id = erasures.user_id)
            or exists (select 1 from credential_keys where credential_keys.user_id = erasures.user_id))";
const FORGET_PAGES: &str = "pragma wal_checkpoint(truncate)";

impl Vault {
    /// Notes that a person is about to be erased. Saying it twice changes nothing.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn begin_erasure(&self, user: UserId, now: Timestamp) -> Result<(), VaultError> {
        on_engine!(self, store => {
            sqlx::query(BEGIN).bind(user.0).bind(now.micros()).execute(&store.writer).await?;
        });
        Ok(())
    }

    /// Destroys both of a person's keys, for good. Saying it twice changes nothing.
    ///
    /// # Errors
    /// [`VaultError::Broken`]; the keys may be there still, and the erasure stays among the unfinished.
    pub async fn finish_erasure(&self, user: UserId, now: Timestamp) -> Result<(), VaultError> {
        on_engine!(self, store => {
            let mut tx = store.begin().await?;
            sqlx::query(DESTROY_PROFILE).bind(user.0).execute(&mut *tx).await?;
            sqlx::query(DESTROY_CREDENTIAL).bind(user.0).execute(&mut *tx).await?;
            sqlx::query(FINISH).bind(user.0).bind(now.micros()).execute(&mut *tx).await?;
            tx.commit().await?;
        });
        self.forget_pages().await
    }

    /// Destroys the keys of erased people that came back with a backup. Readers may not, and need not: whoever writes
    /// the vault does.
    pub(super) async fn replay_erasures(&self) -> Result<(), VaultError> {
        match self.erased_who_came_back().await {
            Err(error) if error.is_forbidden() => Ok(()),
            Err(error) => Err(error),
            Ok(users) => {
                for user in users {
                    // The time of the first erasure stays.
                    self.finish_erasure(user, Timestamp::default()).await?;
                }
                Ok(())
            }
        }
    }

    async fn erased_who_came_back(&self) -> Result<Vec<UserId>, VaultError> {
        let users: Vec<Uuid> = on_engine!(self, store => {
            sqlx::query_scalar(CAME_BACK).fetch_all(&store.readers).await?
        });
        Ok(users.into_iter().map(UserId).collect())
    }

    /// SQLite's write-ahead log holds the wrapped keys' pages until it is folded into the file, which happens now
    /// unless somebody is reading, and then later. PostgreSQL's dead rows go with vacuum.
    async fn forget_pages(&self) -> Result<(), VaultError> {
        match self.engine() {
            Engine::Sqlite(store) => {
                sqlx::query(FORGET_PAGES).execute(&store.writer).await?;
            }
            Engine::Postgres(_) => {}
        }
        Ok(())
    }

    /// Forgets an erasure that will not happen. One that is finished stays.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn abandon_erasure(&self, user: UserId) -> Result<(), VaultError> {
        on_engine!(self, store => {
            sqlx::query(ABANDON).bind(user.0).execute(&store.writer).await?;
        });
        Ok(())
    }

    /// Erasures that were begun and neither finished nor abandoned, oldest first, a thousand at most.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn unfinished_erasures(&self) -> Result<Vec<UserId>, VaultError> {
        let users: Vec<Uuid> = on_engine!(self, store => {
            sqlx::query_scalar(UNFINISHED).fetch_all(&store.readers).await?
        });
        Ok(users.into_iter().map(UserId).collect())
    }
}
