//! Who can act as admin, so that the last one cannot be removed. The log says who is; this list lets two who would
//! remove each other meet.

use super::{Vault, VaultError, engine::on_engine};
use events::{UserId, Version};

// Whoever changes the list writes this row first, and all others wait for it.
const TAKE_TURN: &str = "update admins_turn set turn = turn + 1";
const RECORD: &str = "
    insert into admins (user_id, stream_version, is_admin) values ($1, $2, $3)
    on conflict (user_id) do update
    set stream_version = excluded.stream_version, is_admin = excluded.is_admin
    where admins.stream_version <= excluded.stream_version";
const COUNT_OTHERS: &str = "select count(*) from admins where is_admin and user_id <> $1";

impl Vault {
    /// Notes whether somebody can act as admin, as of a version of their stream. Of several the highest version wins,
    /// of one version the last; a lower one is ignored.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn record_admin(
        &self,
        user: UserId,
        version: Version,
        is_admin: bool,
    ) -> Result<(), VaultError> {
        on_engine!(self, store => {
            let mut tx = store.begin().await?;
            sqlx::query(TAKE_TURN).execute(&mut *tx).await?;
            sqlx::query(RECORD).bind(user.0).bind(stored(version)?).bind(is_admin).execute(&mut *tx).await?;
            tx.commit().await?;
        });
        Ok(())
    }

    /// Takes somebody off the admins, as of the version that their stream is at; `false` when nobody else is left, and
    /// then nothing changed. Of the last two, withdrawn at once, one stays.
    ///
    /// When the fact is not appended after all, or once it is, the truth MUST be recorded with the version that the
    /// stream is at then.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn withdraw_admin(&self, user: UserId, version: Version) -> Result<bool, VaultError> {
        on_engine!(self, store => {
            let mut tx = store.begin().await?;
            sqlx::query(TAKE_TURN).execute(&mut *tx).await?;
            let others: i64 = sqlx::query_scalar(COUNT_OTHERS).bind(user.0).fetch_one(&mut *tx).await?;
            if others == 0 {
                return Ok(false);
            }
            sqlx::query(RECORD).bind(user.0).bind(stored(version)?).bind(false).execute(&mut *tx).await?;
            tx.commit().await?;
        });
        Ok(true)
    }
}

fn stored(version: Version) -> Result<i64, VaultError> {
    i64::try_from(version.0).map_err(|_| VaultError::Corrupt("a version is out of range"))
}
