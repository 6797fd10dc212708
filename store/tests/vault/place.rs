//! An empty place for one test's vault.

use events::{Timestamp, UserId};
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use std::{
    future::Future,
    sync::atomic::{AtomicU32, Ordering},
};
use store::vault::{MasterKey, Vault};
use tempfile::TempDir;
use tokio::task::JoinSet;
use uuid::Uuid;

/// A vault's URL, migrated, and what keeps it alive.
pub(crate) struct Place {
    pub(crate) url: String,
    _folder: Option<TempDir>,
}

impl Place {
    pub(crate) async fn sqlite() -> Self {
        let folder = TempDir::new().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("vault.db").display());
        Vault::migrate(&url).await.expect("migrated");
        Self { url, _folder: Some(folder) }
    }

    pub(crate) async fn postgres() -> Self {
        let url = empty_database().await;
        Vault::migrate(&url).await.expect("migrated");
        Self { url, _folder: None }
    }

    /// How many rows a table of the vault has.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let count = |schema| sqlx::AssertSqlSafe(format!("select count(*) from {schema}{table}"));
        if self.url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(&self.url).await.expect("the file opens");
            return sqlx::query_scalar(count("")).fetch_one(&mut connection).await.expect("a count");
        }
        let mut connection = PgConnection::connect(&self.url).await.expect("PostgreSQL answers");
        sqlx::query_scalar(count("evident_vault.")).fetch_one(&mut connection).await.expect("a count")
    }

    /// Runs a statement as whoever may do everything.
    pub(crate) async fn run(&self, statement: &str) -> Result<u64, sqlx::Error> {
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        if self.url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(&self.url).await.expect("the file opens");
            return Ok(connection.execute(statement).await?.rows_affected());
        }
        let mut connection = PgConnection::connect(&self.url).await.expect("PostgreSQL answers");
        connection.execute("set search_path = evident_vault").await.expect("the schema is there");
        Ok(connection.execute(statement).await?.rows_affected())
    }

    /// Opens the vault, as one more process would.
    pub(crate) async fn vault(&self) -> Vault {
        Vault::open(&self.url, master()).await.expect("opened")
    }
}

/// A database of the test's own, with nothing in it.
pub(crate) async fn empty_database() -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let made = MADE.fetch_add(1, Ordering::Relaxed);
    let name = format!("vault_{}_{made}", std::process::id());
    let server = server();
    let mut connection = PgConnection::connect(&server).await.expect("PostgreSQL answers");
    // An earlier run may have had our process id.
    for statement in [format!("drop database if exists {name}"), format!("create database {name}")] {
        connection.execute(sqlx::AssertSqlSafe(statement)).await.expect("a database");
    }
    let (server, _) = server.rsplit_once('/').expect("a URL with a database");
    format!("{server}/{name}")
}

#[expect(clippy::disallowed_methods, reason = "tests are told by the environment where PostgreSQL is")]
fn server() -> String {
    std::env::var("EVIDENT_TEST_POSTGRES_URL").expect("run scripts/test, or set EVIDENT_TEST_POSTGRES_URL")
}

pub(crate) fn master() -> MasterKey {
    MasterKey::from_bytes([1; 32])
}

pub(crate) fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

pub(crate) fn at_second(second: i64) -> Timestamp {
    Timestamp::from_micros((1_795_000_000 + second) * 1_000_000)
}

/// Does something `times` times at once, through two open vaults, as two processes would.
pub(crate) async fn at_once<T, F>(place: &Place, times: u32, act: impl Fn(Vault, u32) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let vaults = [place.vault().await, place.vault().await];
    let mut tasks: JoinSet<T> = JoinSet::new();
    for (n, vault) in (0..times).zip(vaults.iter().cycle()) {
        tasks.spawn(act(vault.clone(), n));
    }
    tasks.join_all().await
}
