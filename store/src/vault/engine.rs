//! The two engines, and how one statement is said to whichever is there.
//!
//! Nearly all statements are the same text on both: names are unqualified, PostgreSQL finds them in the schema
//! `evident_vault` by the connection's search path.

use super::VaultError;
use sqlx::{
    Connection, Database, PgConnection, Pool, Postgres, Sqlite, SqliteConnection, Transaction,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{fs, io, path::Path, time::Duration};
use tokio::time::sleep;

/// Where the vault lies.
#[derive(Debug)]
pub(super) enum Engine {
    /// One file.
    Sqlite(Store<Sqlite>),
    /// The schema `evident_vault` of one database.
    Postgres(Store<Postgres>),
}

/// One engine's connections.
#[derive(Debug)]
pub(super) struct Store<DB: Database> {
    /// To read with.
    pub(super) readers: Pool<DB>,
    /// To write with; durable on commit.
    pub(super) writer: Pool<DB>,
    /// To write tallies with; a commit does not wait for the disk. Why that is right for them is said in `attempts`.
    pub(super) hasty: Pool<DB>,
    begin: &'static str,
}

/// Evaluates the expression with the engine's [`Store`], whichever it is.
macro_rules! on_engine {
    ($vault:expr, $store:ident => $body:expr) => {
        match $vault.engine() {
            $crate::vault::engine::Engine::Sqlite($store) => $body,
            $crate::vault::engine::Engine::Postgres($store) => $body,
        }
    };
}
pub(super) use on_engine;

/// Between the pages of what goes through all rows: as long as a page took, others have their turn, and at least for a moment.
pub(super) async fn let_others(took: Duration) {
    sleep(took.max(Duration::from_millis(2))).await;
}

impl<DB: Database> Store<DB> {
    /// Begins to write. On SQLite it is this writer's turn from here on, not from its first statement.
    pub(super) async fn begin(&self) -> sqlx::Result<Transaction<'static, DB>> {
        self.writer.begin_with(self.begin).await
    }

    /// As [`Store::begin`], for what may be lost with the power.
    pub(super) async fn begin_hasty(&self) -> sqlx::Result<Transaction<'static, DB>> {
        self.hasty.begin_with(self.begin).await
    }
}

const MIGRATIONS_TABLE_SQLITE: &str = "vault_migrations";
const MIGRATIONS_TABLE_POSTGRES: &str = "evident_vault.migrations";

const BUSY: Duration = Duration::from_secs(5);
const READERS: u32 = 8;
const POSTGRES_CONNECTIONS: u32 = 16;

impl Engine {
    pub(super) async fn migrate(url: &str) -> Result<(), VaultError> {
        match scheme(url)? {
            Scheme::Sqlite(options) => {
                make_private(options.get_filename()).map_err(sqlx::Error::from)?;
                let options = options.journal_mode(SqliteJournalMode::Wal);
                let mut connection = SqliteConnection::connect_with(&options).await?;
                sqlite_migrations().run_direct(None, &mut connection, false).await?;
                connection.close().await?;
            }
            Scheme::Postgres(options) => {
                let mut connection = PgConnection::connect_with(&options).await?;
                postgres_migrations().run_direct(None, &mut connection, false).await?;
                connection.close().await?;
            }
        }
        Ok(())
    }

    /// Opens what is migrated; [`VaultError::NotMigrated`] otherwise.
    pub(super) async fn open(url: &str) -> Result<Self, VaultError> {
        match scheme(url)? {
            Scheme::Sqlite(options) => open_sqlite(options).await.map(Engine::Sqlite),
            Scheme::Postgres(options) => open_postgres(options).await.map(Engine::Postgres),
        }
    }

    /// Connections of the pool that reads, and those of them that are idle.
    pub(super) fn connections(&self) -> (usize, usize) {
        match self {
            Engine::Sqlite(store) => (store.readers.size() as usize, store.readers.num_idle()),
            Engine::Postgres(store) => (store.readers.size() as usize, store.readers.num_idle()),
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Engine::Sqlite(store) => store.close().await,
            Engine::Postgres(store) => store.close().await,
        }
    }
}

impl<DB: Database> Store<DB> {
    async fn close(&self) {
        self.hasty.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }
}

enum Scheme {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
}

fn scheme(url: &str) -> Result<Scheme, VaultError> {
    match url.split_once(':') {
        Some(("sqlite", _)) => {
            // A key that is deleted is overwritten in the file, too.
            let options = url.parse::<SqliteConnectOptions>()?.pragma("secure_delete", "on");
            Ok(Scheme::Sqlite(options.busy_timeout(BUSY)))
        }
        Some(("postgres" | "postgresql", _)) => Ok(Scheme::Postgres(url.parse()?)),
        Some(_) | None => Err(VaultError::UnknownEngine),
    }
}

async fn open_sqlite(options: SqliteConnectOptions) -> Result<Store<Sqlite>, VaultError> {
    if !options.get_filename().exists() {
        return Err(VaultError::NotMigrated);
    }
    // SQLite has one writer at a time. One connection each lets tasks queue for it without polling the file's lock.
    let pool = || SqlitePoolOptions::new().acquire_timeout(BUSY).test_before_acquire(false);
    let one = || pool().max_connections(1);
    let readers = pool().max_connections(READERS);
    let durable = options.clone().synchronous(SqliteSynchronous::Full);
    let store = Store {
        readers: readers.connect_lazy_with(options.clone().read_only(true)),
        writer: one().connect_lazy_with(durable),
        hasty: one().connect_lazy_with(options.synchronous(SqliteSynchronous::Normal)),
        begin: "begin immediate",
    };
    let table = "select count(*) from sqlite_master where type = 'table' and name = $1";
    let tables: i64 =
        sqlx::query_scalar(table).bind(MIGRATIONS_TABLE_SQLITE).fetch_one(&store.writer).await?;
    let applied = "select max(version) from vault_migrations where success";
    let version = match tables {
        0 => None,
        1.. | ..0 => sqlx::query_scalar(applied).fetch_one(&store.writer).await?,
    };
    must_be_newest(version, &sqlite_migrations())?;
    Ok(store)
}

async fn open_postgres(options: PgConnectOptions) -> Result<Store<Postgres>, VaultError> {
    let options = options.application_name("evident-vault").options([("search_path", "evident_vault")]);
    // Asking a connection whether it lives costs what the question itself costs. One that died fails its next question,
    // which answers "unavailable", and is replaced.
    let pool = || {
        let options = PgPoolOptions::new().max_connections(POSTGRES_CONNECTIONS);
        options.acquire_timeout(BUSY).test_before_acquire(false)
    };
    let both = pool().connect_lazy_with(options.clone());
    let hasty = options.options([("synchronous_commit", "off")]);
    let store =
        Store { readers: both.clone(), writer: both, hasty: pool().connect_lazy_with(hasty), begin: "begin" };
    let table = "select to_regclass($1) is not null";
    let migrated: bool =
        sqlx::query_scalar(table).bind(MIGRATIONS_TABLE_POSTGRES).fetch_one(&store.readers).await?;
    let applied = "select max(version) from evident_vault.migrations where success";
    let version = match migrated {
        true => sqlx::query_scalar(applied).fetch_one(&store.readers).await?,
        false => None,
    };
    must_be_newest(version, &postgres_migrations())?;
    Ok(store)
}

fn must_be_newest(applied: Option<i64>, migrations: &Migrator) -> Result<(), VaultError> {
    let newest = migrations.iter().map(|migration| migration.version).max();
    if applied < newest { Err(VaultError::NotMigrated) } else { Ok(()) }
}

fn sqlite_migrations() -> Migrator {
    let mut migrator = sqlx::migrate!("../migrations/vault/sqlite");
    migrator.dangerous_set_table_name(MIGRATIONS_TABLE_SQLITE);
    migrator
}

fn postgres_migrations() -> Migrator {
    let mut migrator = sqlx::migrate!("../migrations/vault/postgres");
    migrator.create_schema("evident_vault");
    migrator.dangerous_set_table_name(MIGRATIONS_TABLE_POSTGRES);
    migrator
}

/// Makes the file, empty, when there is none, and lets nobody but its owner read it. The files that SQLite keeps
/// beside it take on its permissions.
fn make_private(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    drop(file);
    Ok(())
}
