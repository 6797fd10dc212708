//! Servers of the benchmark's own, as durable as in production, in folders that go with the run.

use crate::Outcome;
use sqlx::{Connection, PgConnection};
use std::{path::Path, process::Command};

/// A private PostgreSQL server; stopped when dropped.
pub(crate) struct Postgres {
    folder: tempfile::TempDir,
    url: String,
}

impl Postgres {
    /// Starts it with `scripts/postgres`, as the tests do.
    pub(crate) fn start() -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let started = script("postgres", "start", folder.path())?;
        Ok(Self { url: started.trim().to_owned(), folder })
    }

    /// The URL of a new, empty database.
    pub(crate) async fn database(&self, name: &'static str) -> Outcome<String> {
        let mut connection = PgConnection::connect(&self.url).await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("drop database if exists {name}")))
            .execute(&mut connection)
            .await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("create database {name}")))
            .execute(&mut connection)
            .await?;
        let (server, _) = self.url.rsplit_once('/').ok_or("not a database URL")?;
        Ok(format!("{server}/{name}"))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = script("postgres", "stop", self.folder.path());
    }
}

/// A private NATS server with JetStream; stopped when dropped.
pub(crate) struct Nats {
    folder: tempfile::TempDir,
    url: String,
}

impl Nats {
    /// Starts it with `scripts/nats`, as the tests do.
    pub(crate) fn start() -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let started = script("nats", "start", folder.path())?;
        Ok(Self { url: started.trim().to_owned(), folder })
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = script("nats", "stop", self.folder.path());
    }
}

fn script(server: &str, verb: &str, folder: &Path) -> Outcome<String> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no workspace")?;
    let output = Command::new(workspace.join("scripts").join(server)).arg(verb).arg(folder).output()?;
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout)?),
        false => Err(format!("scripts/{server} {verb}: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}
