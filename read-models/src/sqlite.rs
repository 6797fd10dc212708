//! The tables in a SQLite file, and those beside them in files beside it.

use crate::{ReadModelsError, open::Place};
use sqlx::{
    SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations/read/sqlite");

const IS_MIGRATED: &str = "select count(*) from _sqlx_migrations where success and version = $1";

/// How long a statement waits for another process that writes, and for a connection.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// One file with the tables in it.
#[derive(Debug, Clone)]
pub(crate) struct Sqlite {
    pub(crate) place: Place,
    /// The file of the live tables, which names the others.
    live: PathBuf,
    pub(crate) readers: SqlitePool,
    /// One connection: SQLite has one writer, and queueing here is fairer than its busy handler.
    pub(crate) writer: SqlitePool,
}

impl Sqlite {
    /// The tables in this place. Nothing is opened before it is used.
    pub(crate) fn at(url: &str, place: Place) -> Result<Self, ReadModelsError> {
        let options = SqliteConnectOptions::from_str(url)?;
        let live = options.get_filename().to_path_buf();
        // WAL, so that readers never wait. NORMAL may lose the last batches in a power cut, rows and checkpoint
        // together; the projector applies them again.
        let options = options
            .filename(path_of(&live, place))
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(PATIENCE);
        let reading = options.clone().pragma("query_only", "on");
        // A batch changes more pages than the defaults hold: they would be written twice, and moved from the WAL to
        // the file after every commit. Pages, and kibibytes when negative.
        let options = options.pragma("cache_size", "-16384").pragma("wal_autocheckpoint", "8000");
        // What an erasure blanks must not stay readable in the free space of its page.
        let options = options.pragma("secure_delete", "on");
        let pool = || SqlitePoolOptions::new().acquire_timeout(PATIENCE).test_before_acquire(false);
        let readers = pool().max_connections(4).connect_lazy_with(reading);
        let writer = pool().max_connections(1).connect_lazy_with(options);
        Ok(Self { place, live, readers, writer })
    }

    pub(crate) async fn migrate(&self) -> Result<(), ReadModelsError> {
        let file = self.path();
        let options = (*self.writer.connect_options()).clone().filename(&file).create_if_missing(true);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        let migrated = MIGRATIONS.run(&pool).await;
        pool.close().await;
        Ok(migrated?)
    }

    pub(crate) async fn is_migrated(&self) -> Result<bool, ReadModelsError> {
        if !fs::exists(self.path())? {
            return Ok(false);
        }
        let newest = MIGRATIONS.iter().map(|migration| migration.version).max();
        match sqlx::query_scalar::<_, i64>(IS_MIGRATED).bind(newest).fetch_one(&self.readers).await {
            Ok(found) => Ok(found > 0),
            Err(sqlx::Error::Database(error)) if error.message().contains("no such table") => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The file of these tables.
    pub(crate) fn path(&self) -> PathBuf {
        path_of(&self.live, self.place)
    }

    /// The file that keeps what was live, and the one that it is first written to.
    pub(crate) fn previous(&self) -> (PathBuf, PathBuf) {
        let previous = path_of(&self.live, Place::Previous);
        let unfinished = previous.with_added_extension("unfinished");
        (previous, unfinished)
    }

    /// Removes these tables' file.
    pub(crate) fn remove(&self) -> Result<(), ReadModelsError> {
        Ok(remove(&self.path())?)
    }

    /// Moves what was written into the file and empties the log beside it, where older rows could still be read.
    pub(crate) async fn empty_wal(&self) -> Result<(), ReadModelsError> {
        sqlx::query("pragma wal_checkpoint(truncate)").execute(&self.writer).await?;
        Ok(())
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// `read.db` has `read-next.db` and `read-previous.db` beside it.
fn path_of(live: &Path, place: Place) -> PathBuf {
    let suffix = match place {
        Place::Live => return live.to_path_buf(),
        Place::Next => "-next",
        Place::Previous => "-previous",
    };
    let mut name = live.file_stem().unwrap_or_default().to_os_string();
    name.push(suffix);
    if let Some(extension) = live.extension() {
        name.push(".");
        name.push(extension);
    }
    live.with_file_name(name)
}

/// Removes a database file with what SQLite keeps beside it. A file that is not there is no mistake.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_os_string();
        file.push(suffix);
        match fs::remove_file(&file) {
            Ok(()) => {}
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
