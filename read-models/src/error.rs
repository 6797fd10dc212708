//! Why the tables cannot answer.

use sqlx::migrate::MigrateError;

/// The tables do not answer, or contradict themselves. Nobody's request is to blame.
#[derive(Debug, thiserror::Error)]
pub enum ReadModelsError {
    /// The URL names no engine that read models can be kept in.
    #[error("read model URL begins with neither sqlite: nor postgres://")]
    UnknownEngine,
    /// The tables are missing or older than this version of Evident.
    #[error("read models are not migrated: run `evident migrate`")]
    NotMigrated,
    /// The migrations could not be applied.
    #[error("read models cannot be migrated: {0}")]
    Migrate(#[from] MigrateError),
    /// The database failed.
    #[error("read models: {0}")]
    Database(#[from] sqlx::Error),
    /// A file beside the tables could not be moved or removed.
    #[error("read models' files: {0}")]
    Files(#[from] std::io::Error),
    /// A row holds what no fact can have put there.
    #[error("{table} holds {value:?}, which nothing here wrote")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// What it holds.
        value: String,
    },
}

impl ReadModelsError {
    /// Whether the database does not answer, so that asking again later may go better.
    #[must_use]
    pub fn is_away(&self) -> bool {
        match self {
            ReadModelsError::Database(error) | ReadModelsError::Migrate(MigrateError::Execute(error)) => {
                is_away(error)
            }
            ReadModelsError::UnknownEngine
            | ReadModelsError::NotMigrated
            | ReadModelsError::Migrate(_)
            | ReadModelsError::Files(_)
            | ReadModelsError::Corrupt { .. } => false,
        }
    }
}

/// No connection came about, or PostgreSQL is starting or stopping (57P01 to 57P03), or has none left (53300).
fn is_away(error: &sqlx::Error) -> bool {
    match error.as_database_error().and_then(|error| error.code()) {
        Some(code) => ["57P01", "57P02", "57P03", "53300"].contains(&&*code),
        None => matches!(error, sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Tls(_)),
    }
}
