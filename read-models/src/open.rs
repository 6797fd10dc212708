//! Where the tables are kept: an engine, and in it the live tables or those beside them.

use crate::{
    ReadModelsError,
    postgres::Postgres,
    sqlite::{Sqlite, remove},
    transaction::Tx,
};
use events::Position;
use std::sync::Arc;
use tokio::sync::watch;

/// The read models. Cheap to clone; connections are made when they are first used.
#[derive(Debug, Clone)]
pub struct ReadModels {
    pub(crate) engine: Engine,
    /// Where a batch of this process has moved the tables last.
    pub(crate) applied: Arc<watch::Sender<Position>>,
}

#[derive(Debug, Clone)]
pub(crate) enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

const DROP_PREVIOUS: &str = "drop schema if exists evident_read_previous cascade";

/// Which of the tables that an engine keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Those that readers see.
    Live,
    /// Those that a rebuild fills.
    Next,
    /// Those that were live before the last flip.
    Previous,
}

/// Runs one body with the connections for reading of whichever engine it is.
macro_rules! reading {
    ($models:expr, |$pool:ident| $body:expr) => {
        match &$models.engine {
            $crate::open::Engine::Sqlite(sqlite) => {
                let $pool = &sqlite.readers;
                $body
            }
            $crate::open::Engine::Postgres(postgres) => {
                let $pool = &postgres.readers;
                $body
            }
        }
    };
}
pub(crate) use reading;

impl ReadModels {
    /// Makes the tables, or brings them up to date. Doing it again changes nothing.
    pub async fn migrate(url: &str) -> Result<(), ReadModelsError> {
        Engine::at(url, Place::Live)?.migrate().await
    }

    /// Opens the live tables.
    ///
    /// # Errors
    /// [`ReadModelsError::NotMigrated`] when they are missing or older than this version of Evident.
    pub async fn open(url: &str) -> Result<ReadModels, ReadModelsError> {
        let engine = Engine::at(url, Place::Live)?;
        match engine.is_migrated().await? {
            true => Ok(engine.into()),
            false => Err(ReadModelsError::NotMigrated),
        }
    }

    /// Makes empty tables beside the live ones, for a rebuild. What an earlier rebuild left there is dropped.
    pub async fn open_scratch(url: &str) -> Result<ReadModels, ReadModelsError> {
        Self::drop_scratch(url).await?;
        let engine = Engine::at(url, Place::Next)?;
        engine.migrate().await?;
        Ok(engine.into())
    }

    /// Opens the tables that were live before the last flip; none when there was no flip.
    pub async fn open_previous(url: &str) -> Result<Option<ReadModels>, ReadModelsError> {
        let engine = Engine::at(url, Place::Previous)?;
        Ok(engine.is_migrated().await?.then(|| engine.into()))
    }

    /// Removes what a rebuild left beside the live tables. Tables that were live before a flip stay.
    pub async fn drop_scratch(url: &str) -> Result<(), ReadModelsError> {
        match Engine::at(url, Place::Next)? {
            Engine::Sqlite(sqlite) => sqlite.remove(),
            Engine::Postgres(postgres) => postgres.remove().await,
        }
    }

    /// Tells of each batch that this handle or a clone of it applies, so that who waits for one in the same process
    /// need not ask. Batches of other processes are not told; nor does a position here say what the tables show now.
    #[must_use]
    pub fn applied(&self) -> watch::Receiver<Position> {
        self.applied.subscribe()
    }

    /// Removes the tables that were live before the last flip, when these are the live ones.
    pub(crate) async fn forget_previous(&self, tx: &mut Tx) -> Result<(), ReadModelsError> {
        match (&self.engine, tx) {
            (Engine::Sqlite(sqlite), _) if sqlite.place == Place::Live => Ok(remove(&sqlite.previous().0)?),
            (Engine::Postgres(postgres), Tx::Postgres(transaction)) if postgres.place == Place::Live => {
                sqlx::query(DROP_PREVIOUS).execute(&mut **transaction).await?;
                Ok(())
            }
            (Engine::Sqlite(_) | Engine::Postgres(_), Tx::Sqlite(_) | Tx::Postgres(_)) => Ok(()),
        }
    }

    /// Leaves nothing of what was just overwritten beside the tables, unless somebody reads for so long that it is left to the
    /// next time. PostgreSQL's own log is not ours to empty.
    pub(crate) async fn empty_wal(&self) -> Result<(), ReadModelsError> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.empty_wal().await,
            Engine::Postgres(_) => Ok(()),
        }
    }

    /// How many connections for reading are open, and how many of them are idle.
    #[must_use]
    pub fn connections(&self) -> (usize, usize) {
        reading!(self, |pool| (pool.size() as usize, pool.num_idle()))
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.close().await,
            Engine::Postgres(postgres) => postgres.close().await,
        }
    }
}

impl From<Engine> for ReadModels {
    fn from(engine: Engine) -> Self {
        Self { engine, applied: Arc::new(watch::Sender::new(Position::START)) }
    }
}

impl Engine {
    fn at(url: &str, place: Place) -> Result<Self, ReadModelsError> {
        if url.starts_with("sqlite:") {
            return Ok(Engine::Sqlite(Sqlite::at(url, place)?));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Engine::Postgres(Postgres::at(url, place)?));
        }
        Err(ReadModelsError::UnknownEngine)
    }

    async fn migrate(&self) -> Result<(), ReadModelsError> {
        match self {
            Engine::Sqlite(sqlite) => sqlite.migrate().await,
            Engine::Postgres(postgres) => postgres.migrate().await,
        }
    }

    async fn is_migrated(&self) -> Result<bool, ReadModelsError> {
        match self {
            Engine::Sqlite(sqlite) => sqlite.is_migrated().await,
            Engine::Postgres(postgres) => postgres.is_migrated().await,
        }
    }
}
