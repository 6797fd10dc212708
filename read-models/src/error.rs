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

// The same as in `store`, which this crate may not know; a test holds the two against each other.

/// Whether the database could not be reached, or said that it cannot answer now.
fn is_away(error: &sqlx::Error) -> bool {
    match error.as_database_error().and_then(|error| error.code()) {
        Some(code) => says_so(&code),
        None => matches!(
            error,
            sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::WorkerCrashed
        ),
    }
}

/// Whether an engine's error code says that trying again later may succeed, whatever the statement was.
///
/// PostgreSQL (appendix A): connection, resources, cancelled or shutting down, system, and lock or serialisation
/// failures. SQLite (result codes): busy, locked, out of memory, I/O, full, cannot open; extended codes hold the
/// primary one in their low byte.
fn says_so(code: &str) -> bool {
    let postgres = code.len() == 5
        && (["08", "53", "57", "58"].iter().any(|class| code.starts_with(class))
            || ["40001", "40P01", "55P03"].contains(&code));
    let sqlite = code.parse::<u32>().is_ok_and(|code| [5, 6, 7, 10, 13, 14].contains(&(code & 0xff)));
    postgres || (code.len() < 5 && sqlite)
}
