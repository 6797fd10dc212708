//! Which kinds of foreign password hashes came with people who were imported.

use super::{Vault, VaultError, engine::on_engine};
use events::Timestamp;

const NOTE: &str = "
    insert into foreign_hashes (template, noted_at_us) values ($1, $2)
    on conflict (template) do update set noted_at_us = excluded.noted_at_us";
const SINCE: &str = "select template from foreign_hashes where noted_at_us >= $1 order by template limit 64";

impl Vault {
    /// Notes a kind of hash, by a template of it that nobody has a password for.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn note_foreign_hash(&self, template: &str, now: Timestamp) -> Result<(), VaultError> {
        on_engine!(self, store => {
            sqlx::query(NOTE).bind(template).bind(now.micros()).execute(&store.writer).await?;
        });
        Ok(())
    }

    /// The kinds that were noted since a moment, at most 64 of them.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn foreign_hashes(&self, since: Timestamp) -> Result<Vec<String>, VaultError> {
        Ok(on_engine!(self, store => {
            sqlx::query_scalar(SINCE).bind(since.micros()).fetch_all(&store.readers).await?
        }))
    }
}
