//! A log, a vault and read models of their own for each test, on either engine.

use events::Position;
use projector::{Compared, ProjectorError};
use read_models::{Projected, ReadModels};
use std::{path::Path, process::Command, time::Duration};
use store::{
    log::Log,
    vault::{MasterKey, Scope, Vault},
};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long anything here may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const MASTER_KEY: [u8; 32] = [7; 32];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

#[derive(Clone)]
pub(crate) struct Urls {
    pub(crate) log: String,
    pub(crate) vault: String,
    pub(crate) read: String,
}

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) urls: Urls,
    pub(crate) log: Log,
    pub(crate) vault: Vault,
    pub(crate) models: ReadModels,
    _folder: TempDir,
}

impl World {
    pub(crate) async fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let at = |file: &str| format!("sqlite:{}", folder.path().join(file).display());
        let urls = match engine {
            Engine::Sqlite => Urls { log: at("log.db"), vault: at("vault.db"), read: at("read.db") },
            Engine::Postgres => {
                let url = create_database(&postgres());
                Urls { log: url.clone(), vault: url.clone(), read: url }
            }
        };
        Self::at(engine, urls, folder).await
    }

    /// On PostgreSQL, with the log on a server of its own.
    pub(crate) async fn with_log_at(server: &Server) -> Self {
        let url = create_database(&postgres());
        let urls = Urls { log: create_database(&server.url), vault: url.clone(), read: url };
        Self::at(Engine::Postgres, urls, tempfile::tempdir().expect("a folder can be made")).await
    }

    /// On PostgreSQL, with the tables on a server of their own.
    pub(crate) async fn with_tables_at(server: &Server) -> Self {
        let url = create_database(&postgres());
        let urls = Urls { log: url.clone(), vault: url, read: create_database(&server.url) };
        Self::at(Engine::Postgres, urls, tempfile::tempdir().expect("a folder can be made")).await
    }

    async fn at(engine: Engine, urls: Urls, folder: TempDir) -> Self {
        Log::migrate(&urls.log).await.expect("the log is migrated");
        Vault::migrate(&urls.vault).await.expect("the vault is migrated");
        ReadModels::migrate(&urls.read).await.expect("the read models are migrated");
        let (log, vault, models) = open(&urls).await;
        Self { engine, urls, log, vault, models, _folder: folder }
    }

    /// A projector over these stores, in this process.
    pub(crate) fn project(&self) -> Projecting {
        Projecting::start(self.log.clone(), self.vault.clone(), self.models.clone())
    }

    /// Waits until the tables show the whole log.
    pub(crate) async fn caught_up(&self) -> Position {
        let head = self.log.head().await.expect("the log answers");
        self.shown(head).await;
        head
    }

    /// Waits until the tables show at least this much.
    pub(crate) async fn shown(&self, position: Position) {
        eventually("the tables show it", async || {
            let checkpoint = self.models.checkpoint().await;
            checkpoint.is_ok_and(|checkpoint| checkpoint.position >= position)
        })
        .await;
    }

    /// Projects all there is, with a projector that then stops.
    pub(crate) async fn follow_to_the_end(&self) {
        let projecting = self.project();
        self.caught_up().await;
        projecting.stop().await.expect("a projector stops when it is told to");
    }

    /// The whole log, opened as a projector opens it.
    pub(crate) async fn opened(&self) -> Vec<Projected> {
        let stored = self.log.read_all(Position::START, 10_000).await.expect("the log answers");
        let keys: Vec<_> = stored.iter().flat_map(|stored| stored.record.keys()).collect();
        let keyring = self.vault.keyring(&keys, Scope::Profiles).await.expect("the vault answers");
        let project = |stored: store::log::Stored| {
            let fact = stored.record.fact(|context, ciphertext| keyring.open(context, ciphertext));
            let fact = fact.map_err(|why| why.to_string());
            Projected { position: stored.position, record: stored.record, fact }
        };
        stored.into_iter().map(project).collect()
    }

    pub(crate) async fn check(&self) -> Compared {
        projector::check(&self.log, &self.vault, &self.models, &self.urls.read).await.expect("a check runs")
    }

    /// The oracle: the live tables are what a fresh fold of the log makes.
    pub(crate) async fn equals_a_rebuild(&self) {
        let compared = self.check().await;
        assert_eq!(compared.difference, None, "at {}", compared.position);
    }
}

pub(crate) async fn open(urls: &Urls) -> (Log, Vault, ReadModels) {
    let log = Log::open(&urls.log).await.expect("the log opens");
    let vault = Vault::open(&urls.vault, MasterKey::from_bytes(MASTER_KEY)).await.expect("the vault opens");
    (log, vault, ReadModels::open(&urls.read).await.expect("the read models open"))
}

/// A running projector; it stops when this is dropped.
pub(crate) struct Projecting {
    stop: CancellationToken,
    task: JoinHandle<Result<(), ProjectorError>>,
}

impl Projecting {
    pub(crate) fn start(log: Log, vault: Vault, models: ReadModels) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(projector::run(log, vault, models, stop.clone()));
        Self { stop, task }
    }

    /// Stops it and answers with how it ended.
    pub(crate) async fn stop(self) -> Result<(), ProjectorError> {
        self.stop.cancel();
        self.ended().await
    }

    /// Waits for it to end by itself.
    pub(crate) async fn ended(self) -> Result<(), ProjectorError> {
        let ended = tokio::time::timeout(PATIENCE, self.task).await.expect("the projector ends in time");
        ended.expect("the projector does not panic")
    }
}

/// Asks again and again until the answer is yes.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("waited in vain: {what}"));
}

#[expect(clippy::disallowed_methods, reason = "tests learn from the environment where their PostgreSQL is")]
fn postgres() -> String {
    std::env::var("EVIDENT_TEST_POSTGRES_URL").expect(
        "run scripts/test, or set EVIDENT_TEST_POSTGRES_URL to a PostgreSQL whose databases are expendable",
    )
}

/// Makes an empty database beside the one that the URL names.
#[expect(clippy::disallowed_methods, reason = "each test has a database of its own")]
fn create_database(server: &str) -> String {
    let name = format!("projector_{}", uuid::Uuid::new_v4().simple());
    let created = Command::new("psql")
        .args([server, "--quiet", "--command", &format!("create database {name}")])
        .status()
        .expect("psql is installed");
    assert!(created.success(), "psql could not create a database");
    let base = server.rsplit_once('/').map_or(server, |(base, _)| base);
    format!("{base}/{name}")
}

/// A PostgreSQL server of a test's own, to be killed and started again. It ends when this is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    folder: TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let url = scripts("postgres", "start", folder.path());
        Self { url, folder }
    }

    /// Kills it in mid-air and starts it again at the same address.
    pub(crate) fn restart(&self) {
        scripts("postgres", "restart", self.folder.path());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        scripts("postgres", "kill", self.folder.path());
    }
}

fn scripts(script: &str, command: &str, folder: &Path) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts").join(script);
    let done = Command::new(script).arg(command).arg(folder).output().expect("the script can be run");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

/// A NATS server of a test's own. It ends when this is dropped.
pub(crate) struct Nats {
    pub(crate) url: String,
    folder: TempDir,
}

impl Nats {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let url = scripts("nats", "start", folder.path());
        Self { url, folder }
    }

    /// SIGKILL.
    pub(crate) fn kill(&self) {
        scripts("nats", "kill", self.folder.path());
    }

    /// Starts it again at the same address.
    pub(crate) fn start_again(&self) {
        scripts("nats", "start", self.folder.path());
    }

    /// SIGKILL, and at once again at the same address.
    pub(crate) fn restart(&self) {
        scripts("nats", "restart", self.folder.path());
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        scripts("nats", "kill", self.folder.path());
    }
}
