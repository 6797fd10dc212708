//! A log of its own for each test, on any engine.

use crate::{kurrent_server::KurrentServer, records::random};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions,
};
use std::{
    str::FromStr,
    sync::{Mutex, MutexGuard},
};
use store::log::Log;
use tempfile::TempDir;

/// An engine with nothing on it but what the test makes.
pub(crate) enum Engine {
    Sqlite {
        url: String,
        _dir: TempDir,
    },
    Postgres {
        url: String,
    },
    /// Without a server of its own it is on the one that the test run was given.
    Kurrentdb {
        url: String,
        server: Option<(Mutex<KurrentServer>, TempDir)>,
    },
}

/// A connection beside the log's own, to do what Evident never would.
pub(crate) enum Foreign {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Engine {
    pub(crate) async fn sqlite() -> Self {
        let dir = TempDir::new().expect("a folder");
        Self::Sqlite { url: format!("sqlite:{}/log.db", dir.path().display()), _dir: dir }
    }

    pub(crate) async fn postgres() -> Self {
        Self::postgres_at(&test_server()).await
    }

    /// A new database on this server. It is left behind, as the server is the test run's own.
    pub(crate) async fn postgres_at(server: &str) -> Self {
        let name = format!("log_{:016x}", random());
        let mut connection = PgConnection::connect(server).await.expect("the test server answers");
        let create = AssertSqlSafe(format!("create database {name}"));
        sqlx::raw_sql(create).execute(&mut connection).await.expect("a database");
        let (base, _) = server.rsplit_once('/').expect("a URL with a database");
        Self::Postgres { url: format!("{base}/{name}") }
    }

    /// On the test run's server, under a name of its own, which is left behind there; else on a test server.
    pub(crate) async fn kurrentdb() -> Self {
        let Some(url) = test_kurrentdb() else { return Self::kurrentdb_of_ours() };
        let parameter = if url.contains('?') { '&' } else { '?' };
        Self::Kurrentdb { url: format!("{url}{parameter}streamPrefix=log_{:016x}", random()), server: None }
    }

    /// On a test server, which can be told to misbehave.
    pub(crate) fn kurrentdb_of_ours() -> Self {
        let dir = TempDir::new().expect("a folder");
        let server = KurrentServer::start(dir.path());
        Self::Kurrentdb { url: server.url(), server: Some((Mutex::new(server), dir)) }
    }

    /// Ends the test server with every connection to it, and starts it again in the same place.
    pub(crate) fn cut(&self) {
        if let Self::Kurrentdb { server: Some((server, _)), .. } = self {
            server.lock().expect("unpoisoned").restart();
        }
    }

    /// The test server.
    pub(crate) fn kurrent(&self) -> MutexGuard<'_, KurrentServer> {
        match self {
            Self::Kurrentdb { server: Some((server, _)), .. } => server.lock().expect("unpoisoned"),
            Self::Kurrentdb { server: None, .. } | Self::Sqlite { .. } | Self::Postgres { .. } => {
                panic!("this engine has no test server")
            }
        }
    }

    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Sqlite { url, .. } | Self::Postgres { url } | Self::Kurrentdb { url, .. } => url,
        }
    }

    /// A migrated, open log.
    pub(crate) async fn log(&self) -> Log {
        Log::migrate(self.url()).await.expect("migrations apply");
        self.reopen().await
    }

    /// The same log as another process would open it: with a writer and a wake-up of its own.
    pub(crate) async fn reopen(&self) -> Log {
        Log::open(self.url()).await.expect("the log opens")
    }

    pub(crate) async fn foreign(&self) -> Foreign {
        Foreign::connect(self.url()).await
    }

    /// The same statement in the words of this engine.
    pub(crate) fn say<'a>(&self, sqlite: &'a str, postgres: &'a str) -> &'a str {
        match self {
            Self::Sqlite { .. } => sqlite,
            Self::Postgres { .. } => postgres,
            Self::Kurrentdb { .. } => panic!("KurrentDB speaks no SQL"),
        }
    }
}

impl Foreign {
    pub(crate) async fn connect(url: &str) -> Self {
        if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url).expect("a URL");
            Self::Sqlite(options.connect().await.expect("the file opens"))
        } else {
            Self::Postgres(PgConnection::connect(url).await.expect("the server answers"))
        }
    }

    pub(crate) async fn try_execute(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Self::Sqlite(connection) => sql.execute(connection).await.map(|_| ()),
            Self::Postgres(connection) => sql.execute(connection).await.map(|_| ()),
        }
    }

    pub(crate) async fn execute(&mut self, sql: &str) {
        self.try_execute(sql).await.expect("the statement runs");
    }
}

/// The server that the test run was given.
#[expect(clippy::disallowed_methods, reason = "a look at the environment in these tests")]
fn test_server() -> String {
    std::env::var("EVIDENT_TEST_POSTGRES_URL").expect("run scripts/test, or set EVIDENT_TEST_POSTGRES_URL")
}

/// A real KurrentDB, if the test run was given one; its user must be allowed to read `$all`.
#[expect(clippy::disallowed_methods, reason = "the other look at the environment in these tests")]
fn test_kurrentdb() -> Option<String> {
    std::env::var("EVIDENT_TEST_KURRENTDB_URL").ok()
}
