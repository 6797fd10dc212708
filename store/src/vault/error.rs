//! What the vault could not do.

use super::MasterKeyId;
use events::UserId;
use sqlx::migrate::MigrateError;

/// What the vault could not do.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The database has not been migrated to what this version needs.
    #[error("vault is not migrated; run `evident migrate`")]
    NotMigrated,
    /// Its migrations cannot be applied.
    #[error("vault cannot be migrated: {0}")]
    Migration(#[from] MigrateError),
    /// No master key at hand opens the vault.
    #[error("master key is not the one that this vault was made with")]
    WrongMasterKey,
    /// One of the master keys that rows are wrapped by is not at hand.
    #[error("master key {0} is not in the file: what it wraps cannot be opened")]
    MissingMasterKey(MasterKeyId),
    /// The server's own keys are not made yet, and this login may not make them: command-api does when it starts.
    #[error("vault has no server keys yet; the first command-api to open it makes them")]
    NoServerKeys,
    /// The directory changed each time that it was asked.
    #[error("address directory is changing; ask again")]
    Changing,
    /// The person's keys are gone, or never were.
    #[error("keys of user {0} are destroyed")]
    PersonErased(UserId),
    /// The URL names no engine that can keep a vault.
    #[error("vault URL is neither sqlite: nor postgres:")]
    UnknownEngine,
    /// What is kept contradicts itself.
    #[error("vault is corrupt: {0}")]
    Corrupt(&'static str),
    /// The operating system gave no random bytes, or the cipher failed.
    #[error("cryptographic library failed")]
    Cryptography(#[from] aws_lc_rs::error::Unspecified),
    /// The database failed or could not be reached.
    #[error("vault's database failed: {0}")]
    Broken(#[from] sqlx::Error),
}

impl VaultError {
    /// Whether the database does not answer, or not yet, so that asking again later may go better.
    #[must_use]
    pub fn is_away(&self) -> bool {
        match self {
            // Whoever replaces the master key is about to hand this process the new one.
            VaultError::NoServerKeys | VaultError::MissingMasterKey(_) | VaultError::Changing => true,
            VaultError::Broken(error) | VaultError::Migration(MigrateError::Execute(error)) => {
                crate::is_away(error)
            }
            VaultError::NotMigrated
            | VaultError::Migration(_)
            | VaultError::WrongMasterKey
            | VaultError::PersonErased(_)
            | VaultError::UnknownEngine
            | VaultError::Corrupt(_)
            | VaultError::Cryptography(_) => false,
        }
    }

    /// Whether a row was to refer to one that is gone: nothing new is wrapped by a master key that is off the list.
    pub(super) fn is_of_a_retired_key(&self) -> bool {
        let VaultError::Broken(sqlx::Error::Database(error)) = self else { return false };
        error.is_foreign_key_violation()
    }

    /// Whether the database's role may not do this (PostgreSQL's `insufficient_privilege`). SQLite has no roles.
    pub(super) fn is_forbidden(&self) -> bool {
        let VaultError::Broken(sqlx::Error::Database(error)) = self else { return false };
        error.code().is_some_and(|code| code == "42501")
    }
}
