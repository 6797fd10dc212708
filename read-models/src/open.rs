//! Where the tables are kept: an engine, and in it the live tables or those beside them.

use crate::ReadModelsError;

/// The read models. Cheap to clone; connections are made when they are first used.
#[derive(Debug, Clone)]
pub enum ReadModels {
    /// In a SQLite file.
    Sqlite(()),
    /// In a PostgreSQL schema.
    Postgres(()),
}

impl ReadModels {
    /// Makes the tables, or brings them up to date. Doing it again changes nothing.
    pub async fn migrate(url: &str) -> Result<(), ReadModelsError> {
        let _ = url;
        unimplemented!()
    }

    /// Opens the live tables.
    ///
    /// # Errors
    /// [`ReadModelsError::NotMigrated`] when they are missing or older than this version of Evident.
    pub async fn open(url: &str) -> Result<ReadModels, ReadModelsError> {
        let _ = url;
        unimplemented!()
    }

    /// Makes empty tables beside the live ones, for a rebuild. What an earlier rebuild left there is dropped.
    pub async fn open_scratch(url: &str) -> Result<ReadModels, ReadModelsError> {
        let _ = url;
        unimplemented!()
    }

    /// Opens the tables that were live before the last flip; none when there was no flip.
    pub async fn open_previous(url: &str) -> Result<Option<ReadModels>, ReadModelsError> {
        let _ = url;
        unimplemented!()
    }

    /// Removes what a rebuild left beside the live tables. Tables that were live before a flip stay.
    pub async fn drop_scratch(url: &str) -> Result<(), ReadModelsError> {
        let _ = url;
        unimplemented!()
    }

    /// Closes every connection.
    pub async fn close(&self) {
        unimplemented!()
    }
}
