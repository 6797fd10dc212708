//! Where one test's stores are: files in a folder, or a database on the PostgreSQL that the tests were given.

use std::{
    env,
    process::{self, Command},
    sync::atomic::{AtomicU32, Ordering},
};
use tempfile::TempDir;

/// URLs of stores that nobody else uses, and what keeps them alive.
pub(crate) struct Place {
    pub(crate) log_url: String,
    pub(crate) vault_url: String,
    pub(crate) read_url: String,
    folder: TempDir,
}

impl Place {
    /// On the engine that `EVIDENT_TEST_STORES` names: SQLite unless it says `postgres`.
    #[expect(clippy::disallowed_methods, reason = "tests learn from the environment what to run on")]
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
        match env::var("EVIDENT_TEST_STORES").as_deref() {
            Err(_) | Ok("sqlite") => Self {
                log_url: file("log.db"),
                vault_url: file("vault.db"),
                read_url: file("read.db"),
                folder,
            },
            Ok("postgres") => {
                let url = empty_database();
                Self { log_url: url.clone(), vault_url: url.clone(), read_url: url, folder }
            }
            Ok(other) => panic!("EVIDENT_TEST_STORES is {other}, not sqlite or postgres"),
        }
    }

    /// The URL of another store on the same engine, with nothing in it.
    pub(crate) fn empty(&self) -> String {
        match self.read_url.starts_with("sqlite:") {
            true => format!("sqlite:{}", self.folder.path().join("empty.db").display()),
            false => empty_database(),
        }
    }
}

/// The URL of a database with nothing in it.
#[expect(clippy::disallowed_methods, reason = "tests learn from the environment where their PostgreSQL is")]
fn empty_database() -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let server =
        env::var("EVIDENT_TEST_POSTGRES_URL").expect("run scripts/test, or set EVIDENT_TEST_POSTGRES_URL");
    let name = format!("query_{}_{}", process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    // An earlier run may have had our process id.
    for statement in [format!("drop database if exists {name}"), format!("create database {name}")] {
        // That there was nothing to drop is nothing to tell.
        let mut psql = Command::new("psql");
        psql.env("PGOPTIONS", "-c client_min_messages=warning");
        let done = psql.args([&server, "--quiet", "--command", &statement]).status();
        assert!(done.expect("psql is installed").success(), "{statement}");
    }
    let (server, _) = server.rsplit_once('/').expect("a URL with a database");
    format!("{server}/{name}")
}
