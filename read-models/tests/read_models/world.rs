//! Tables to test on: new ones a test, on each engine.

use crate::history::History;
use read_models::ReadModels;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use uuid::Uuid;

/// Empty tables on one engine.
pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) models: ReadModels,
    /// The folder of a SQLite file, for as long as it is needed.
    _folder: Option<TempDir>,
}

/// Runs one test on both engines.
pub(crate) async fn on_both(test: impl AsyncFn(&World)) {
    for world in [World::sqlite().await, World::postgres().await] {
        test(&world).await;
        world.models.close().await;
    }
}

impl World {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let url = format!("sqlite:{}", folder.path().join("read.db").display());
        Self::at(url, Some(folder)).await
    }

    pub(crate) async fn postgres() -> Self {
        let server = server();
        let name = database();
        let mut connection = PgConnection::connect(&server).await.expect("the test server answers");
        let create = AssertSqlSafe(format!("create database {name}"));
        sqlx::query(create).execute(&mut connection).await.expect("a database can be made");
        let (server, _) = server.rsplit_once('/').expect("the URL names a database");
        Self::at(format!("{server}/{name}"), None).await
    }

    async fn at(url: String, folder: Option<TempDir>) -> Self {
        ReadModels::migrate(&url).await.expect("new tables can be made");
        let models = ReadModels::open(&url).await.expect("migrated tables open");
        Self { url, models, _folder: folder }
    }

    /// Applies a whole history in one batch.
    pub(crate) async fn given(&self, history: &History) {
        self.given_after(history, 0).await;
    }

    /// Applies what a history holds after its first `known` events.
    pub(crate) async fn given_after(&self, history: &History, known: usize) {
        let from = events::Position(known as u64);
        self.models.apply(from, history.log, &history.events[known..]).await.expect("the batch is applied");
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where tests learn of their server")]
fn server() -> String {
    std::env::var("EVIDENT_TEST_POSTGRES_URL").expect(
        "run scripts/test, or set EVIDENT_TEST_POSTGRES_URL to a PostgreSQL whose databases are expendable",
    )
}

#[expect(clippy::disallowed_methods, reason = "tests run beside each other, on one server")]
fn database() -> String {
    format!("read_models_{}", Uuid::now_v7().simple())
}
