//! Why the tables cannot answer.

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
    Migrate(#[from] sqlx::migrate::MigrateError),
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
