//! The tables in a PostgreSQL schema, and those beside them in schemas beside it.

use crate::{ReadModelsError, open::Place, sqlite::PATIENCE};
use sqlx::{
    PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::str::FromStr;

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations/read/postgres");

const IS_MIGRATED: &str = "select count(*) from _sqlx_migrations where success and version = $1";
const DROP_NEXT: &str = "drop schema if exists evident_read_next cascade";

/// `undefined_table`: the schema is missing, or empty.
const UNDEFINED_TABLE: &str = "42P01";

/// One schema with the tables in it.
///
/// Statements name no schema. The connection's `search_path` does, and PostgreSQL looks the names up again when a
/// schema of that name is another one: so prepared statements follow a flip.
#[derive(Debug, Clone)]
pub(crate) struct Postgres {
    pub(crate) place: Place,
    pub(crate) readers: PgPool,
    pub(crate) writer: PgPool,
}

impl Postgres {
    /// The tables in this place. Nothing is opened before it is used.
    pub(crate) fn at(url: &str, place: Place) -> Result<Self, ReadModelsError> {
        let options = PgConnectOptions::from_str(url)?
            .application_name("evident-read")
            // Compiling a plan takes a hundred times longer than any statement here runs.
            .options([("search_path", search_path(place)), ("jit", "off")]);
        // Asking a connection whether it lives costs what the question itself costs.
        let pool = || PgPoolOptions::new().acquire_timeout(PATIENCE).test_before_acquire(false);
        let readers = pool().max_connections(8).connect_lazy_with(options.clone());
        // A crash of the server may lose the last batches, rows and checkpoint together: the projector applies them
        // again. Waiting for the disk would only make readers wait for what is already safe in the log.
        let options = options.options([("synchronous_commit", "off")]);
        let writer = pool().max_connections(2).connect_lazy_with(options);
        Ok(Self { place, readers, writer })
    }

    pub(crate) async fn migrate(&self) -> Result<(), ReadModelsError> {
        let mut migrator = Migrator::with_migrations(MIGRATIONS.iter().cloned().collect());
        migrator.create_schema(schema(self.place));
        Ok(migrator.run(&self.writer).await?)
    }

    pub(crate) async fn is_migrated(&self) -> Result<bool, ReadModelsError> {
        let newest = MIGRATIONS.iter().map(|migration| migration.version).max();
        match sqlx::query_scalar::<_, i64>(IS_MIGRATED).bind(newest).fetch_one(&self.readers).await {
            Ok(found) => Ok(found > 0),
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(UNDEFINED_TABLE) => {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Drops what a rebuild left.
    pub(crate) async fn remove(&self) -> Result<(), ReadModelsError> {
        sqlx::query(DROP_NEXT).execute(&self.writer).await?;
        Ok(())
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// The tables of a place, and behind them what reactors keep, which is the same whatever place is live.
const fn search_path(place: Place) -> &'static str {
    match place {
        Place::Live => "evident_read,evident_reactors",
        Place::Next => "evident_read_next,evident_reactors",
        Place::Previous => "evident_read_previous,evident_reactors",
    }
}

/// The schema of a place.
pub(crate) const fn schema(place: Place) -> &'static str {
    match place {
        Place::Live => "evident_read",
        Place::Next => "evident_read_next",
        Place::Previous => "evident_read_previous",
    }
}
