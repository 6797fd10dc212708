//! Pictures of people: too large for a record, and gone with the person's key.
//!
//! A picture lies sealed under a key of its own, derived from its person's profile key. The table refers to that key's row,
//! so that deleting the key deletes the picture, and nothing can be kept for who has no key any more.

use super::{Vault, VaultError, engine::on_engine, people::profile_label, seal::PictureKey};
use events::{PictureId, Timestamp, UserId};

const FIND_KEY: &str = "select wrapped from profile_keys where user_id = $1";
// A second try of the same command brings the same picture.
const KEEP: &str = "
    insert into pictures (user_id, picture_id, sealed, kept_at_us) values ($1, $2, $3, $4)
    on conflict (user_id, picture_id) do nothing";
const FIND: &str = "
    select pictures.sealed, profile_keys.wrapped
    from pictures join profile_keys on profile_keys.user_id = pictures.user_id
    where pictures.user_id = $1 and pictures.picture_id = $2";
const DROP: &str = "delete from pictures where user_id = $1 and picture_id = $2";
const DROP_OTHERS: &str = "delete from pictures where user_id = $1 and picture_id <> $2 and kept_at_us < $3";

impl Vault {
    /// Keeps a picture under a name of its own.
    ///
    /// # Errors
    /// [`VaultError::PersonErased`] when the person has no keys, or no longer.
    pub async fn keep_picture(
        &self,
        user: UserId,
        id: PictureId,
        picture: &[u8],
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let wrapped: Option<Vec<u8>> = on_engine!(self, store => {
            sqlx::query_scalar(FIND_KEY).bind(user.0).fetch_optional(&store.readers).await?
        });
        let wrapped = wrapped.ok_or(VaultError::PersonErased(user))?;
        let sealed = self.picture_key(user, id, &wrapped).await?.seal(picture);
        let kept = on_engine!(self, store => {
            let query = sqlx::query(KEEP).bind(user.0).bind(id.0).bind(sealed).bind(now.micros());
            query.execute(&store.writer).await.map(drop)
        });
        match kept {
            Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
                Err(VaultError::PersonErased(user))
            }
            kept => Ok(kept?),
        }
    }

    /// The picture of this name, while its person's key lives.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when it is there and does not open.
    pub async fn picture(&self, user: UserId, id: PictureId) -> Result<Option<Vec<u8>>, VaultError> {
        let row: Option<(Vec<u8>, Vec<u8>)> = on_engine!(self, store => {
            sqlx::query_as(FIND).bind(user.0).bind(id.0).fetch_optional(&store.readers).await?
        });
        let Some((sealed, wrapped)) = row else { return Ok(None) };
        let opened = self.picture_key(user, id, &wrapped).await?.open(&sealed);
        opened.map(Some).ok_or(VaultError::Corrupt("a picture does not open under its person's key"))
    }

    /// Drops the picture of this name.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn drop_picture(&self, user: UserId, id: PictureId) -> Result<(), VaultError> {
        on_engine!(self, store => {
            sqlx::query(DROP).bind(user.0).bind(id.0).execute(&store.writer).await?;
        });
        Ok(())
    }

    /// Drops all pictures but one that were kept before a moment: of commands that were cut off.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn drop_other_pictures(
        &self,
        user: UserId,
        but: PictureId,
        before: Timestamp,
    ) -> Result<(), VaultError> {
        on_engine!(self, store => {
            let query = sqlx::query(DROP_OTHERS).bind(user.0).bind(but.0).bind(before.micros());
            query.execute(&store.writer).await?;
        });
        Ok(())
    }

    async fn picture_key(
        &self,
        user: UserId,
        id: PictureId,
        wrapped: &[u8],
    ) -> Result<PictureKey, VaultError> {
        Ok(PictureKey::new(&*self.unwrapped(&profile_label(user), wrapped).await?, user, id))
    }
}
