//! Two of each service over one PostgreSQL and one NATS, as an operator would begin.

use crate::{
    Outcome,
    machine::{Nats, Postgres},
    process::{self, Process},
};
use std::{fs, io::Write, net::SocketAddr, os::unix::fs::OpenOptionsExt, path::Path, process::Command};

/// The services, running.
pub(crate) struct Fleet {
    commands: [Process; 2],
    queries: [Process; 2],
    _projectors: [Process; 2],
    _nats: Nats,
    _folder: tempfile::TempDir,
    /// Where log, vault and read models are.
    pub(crate) database: String,
}

impl Fleet {
    /// Makes the stores in a new database and starts everything.
    pub(crate) async fn start(evident: &Path, postgres: &Postgres) -> Outcome<Self> {
        let (folder, nats) = (tempfile::tempdir()?, Nats::start()?);
        let database = postgres.database("fleet").await?;
        let key = folder.path().join("master.key");
        let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(&key)?;
        // 32 zero bytes in base64: nothing here outlives the run.
        writeln!(file, "{}=", "A".repeat(43))?;
        let key = key.display().to_string();
        let variables = [
            ("EVIDENT_LOG_URL", database.as_str()),
            ("EVIDENT_VAULT_URL", &database),
            ("EVIDENT_READ_URL", &database),
            ("EVIDENT_NATS_URL", nats.url()),
            ("EVIDENT_MASTER_KEY_FILE", &key),
            ("EVIDENT_PUBLIC_URL", "http://evident.test"),
            ("EVIDENT_RATE_LIMITS", "off"),
        ];
        let mut migrate = Command::new(evident);
        migrate.arg("migrate").current_dir(folder.path()).env_clear().envs(variables);
        if !migrate.output()?.status.success() {
            return Err("the stores could not be migrated".into());
        }
        let start = async |name| {
            let binary = evident.with_file_name(name);
            process::evident(&binary, folder.path(), &variables).await
        };
        Ok(Self {
            commands: [start("command-api").await?, start("command-api").await?],
            _projectors: [start("projector").await?, start("projector").await?],
            queries: [start("query-api").await?, start("query-api").await?],
            _nats: nats,
            _folder: folder,
            database,
        })
    }

    /// The command-api that the `nth` caller is sent to.
    pub(crate) fn commands(&self, nth: usize) -> SocketAddr {
        self.commands[nth % 2].address
    }

    /// The query-api that the `nth` caller is sent to.
    pub(crate) fn queries(&self, nth: usize) -> SocketAddr {
        self.queries[nth % 2].address
    }
}
