//! Erasing people: noted before the log hears of it, finished after, so that a crash in between is taken up again.
//!
//! Two lists. One says when to look at somebody whom a command will have erased, or wanted to; whether they are to be
//! erased is the log's to say. The other says who was erased, and its rows stay for good: key tables restored from a
//! backup hold keys that were destroyed since; this list, which is to be restored from the newest backup there is, says
//! whose go again before the vault serves.

use super::{
    Vault, VaultError,
    engine::{Engine, on_engine},
};
use events::{Timestamp, UserId};
use uuid::Uuid;

/// Somebody is to be erased, or may turn out to be: who, on which condition, and when to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasureDue {
    /// The command's own note, apart from those of others about the same person.
    pub intent: Uuid,
    /// Whom it is about.
    pub user: UserId,
    /// Only if their account is closed: the command closes it, and the erasure comes later.
    pub if_deleted: bool,
    /// When to look.
    pub due_at: Timestamp,
}

const NOTE: &str = "
    insert into erasures_due (intent, user_id, if_deleted, due_at_us) values ($1, $2, $3, $4)
    on conflict (intent) do update set due_at_us = excluded.due_at_us";
const TAKE_BACK: &str = "delete from erasures_due where intent = $1";
const DUE: &str = "
    select intent, user_id, if_deleted, due_at_us from erasures_due
    where due_at_us <= $1 and (due_at_us, intent) > ($2, $3)
    order by due_at_us, intent limit $4";
const WAITING: &str = "select count(distinct user_id) from erasures_due";
const DESTROY_PROFILE: &str = "delete from profile_keys where user_id = $1";
const DESTROY_CREDENTIAL: &str = "delete from credential_keys where user_id = $1";
const FINISH: &str = "
    insert into erasures (user_id, begun_at_us, finished_at_us) values ($1, $2, $2)
    on conflict (user_id) do update
    set finished_at_us = coalesce(erasures.finished_at_us, excluded.finished_at_us)";
const NO_LONGER_DUE: &str = "delete from erasures_due where user_id = $1";
const CAME_BACK: &str = "
    select user_id from erasures
    where finished_at_us is not null
        and (exists (select 1 from profile_keys where profile_keys.user_id = erasures.user_id)
            or exists (select 1 from credential_keys where credential_keys.user_id = erasures.user_id))";
const FORGET_PAGES: &str = "pragma wal_checkpoint(truncate)";

impl Vault {
    /// Notes that a person is about to be erased, or their account closed. Durable on return; noted again it is due
    /// when it was noted last.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn note_erasure(&self, due: &ErasureDue) -> Result<(), VaultError> {
        on_engine!(self, store => {
            let query = sqlx::query(NOTE).bind(due.intent).bind(due.user.0).bind(due.if_deleted);
            query.bind(due.due_at.micros()).execute(&store.writer).await?;
        });
        Ok(())
    }

    /// Takes one note back: nothing comes of its command. What others noted about the same person stays.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn take_back_erasure(&self, intent: Uuid) -> Result<(), VaultError> {
        on_engine!(self, store => {
            sqlx::query(TAKE_BACK).bind(intent).execute(&store.writer).await?;
        });
        Ok(())
    }

    /// What is due by `now`, the longest due first: the page of at most `limit` behind `after`.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn due_erasures(
        &self,
        now: Timestamp,
        after: Option<&ErasureDue>,
        limit: u32,
    ) -> Result<Vec<ErasureDue>, VaultError> {
        let (at, intent) =
            after.map_or((i64::MIN, Uuid::nil()), |after| (after.due_at.micros(), after.intent));
        let rows: Vec<(Uuid, Uuid, bool, i64)> = on_engine!(self, store => {
            let query = sqlx::query_as(DUE).bind(now.micros()).bind(at).bind(intent).bind(i64::from(limit));
            query.fetch_all(&store.readers).await?
        });
        let due = |(intent, user, if_deleted, due_at_us)| ErasureDue {
            intent,
            user: UserId(user),
            if_deleted,
            due_at: Timestamp::from_micros(due_at_us),
        };
        Ok(rows.into_iter().map(due).collect())
    }

    /// How many people are to be erased, now or later.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn erasures_waiting(&self) -> Result<u64, VaultError> {
        let waiting: i64 = on_engine!(self, store => {
            sqlx::query_scalar(WAITING).fetch_one(&store.readers).await?
        });
        Ok(u64::try_from(waiting).unwrap_or(0))
    }

    /// Destroys both of a person's keys, for good. Saying it twice changes nothing.
    ///
    /// # Errors
    /// [`VaultError::Broken`]; the keys may be there still, and the erasure stays due.
    pub async fn finish_erasure(&self, user: UserId, now: Timestamp) -> Result<(), VaultError> {
        on_engine!(self, store => {
            let mut tx = store.begin().await?;
            sqlx::query(DESTROY_PROFILE).bind(user.0).execute(&mut *tx).await?;
            sqlx::query(DESTROY_CREDENTIAL).bind(user.0).execute(&mut *tx).await?;
            sqlx::query(FINISH).bind(user.0).bind(now.micros()).execute(&mut *tx).await?;
            sqlx::query(NO_LONGER_DUE).bind(user.0).execute(&mut *tx).await?;
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
    pub(super) async fn forget_pages(&self) -> Result<(), VaultError> {
        match self.engine() {
            Engine::Sqlite(store) => {
                sqlx::query(FORGET_PAGES).execute(&store.writer).await?;
            }
            Engine::Postgres(_) => {}
        }
        Ok(())
    }
}
