//! A running `evident`, as an operator would run it: the real binary, its own data folder, a free port.

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A password that the policy accepts.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// The first admin's address.
pub(crate) const ADMIN: &str = "admin@example.com";

/// The process, its folder and a client for it. Dropped, the process is killed and the folder removed.
pub(crate) struct Evident {
    process: Child,
    bind: String,
    url: String,
    data: tempfile::TempDir,
    environment: Vec<(String, String)>,
    /// What the start printed, up to the line that says how to go on.
    pub(crate) welcome: String,
    /// The client of whoever calls.
    pub(crate) client: Client,
}

impl Evident {
    /// Starts with SQLite under a folder of its own, and a first admin whose password is [`PASSWORD`].
    pub(crate) fn start() -> Self {
        Self::start_with([("EVIDENT_ADMIN_EMAIL", ADMIN), ("EVIDENT_ADMIN_PASSWORD", PASSWORD)])
    }

    /// Starts with these variables and no others.
    pub(crate) fn start_with<'a>(environment: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let environment: Vec<_> =
            environment.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let data = tempfile::tempdir().expect("a temporary folder");
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let bind = format!("127.0.0.1:{port}");
        let (process, welcome) = launch(data.path(), &bind, &environment);
        Self {
            process,
            url: format!("http://{bind}"),
            bind,
            data,
            environment,
            welcome,
            client: Client::new(),
        }
    }

    /// Kills the process as a power cut would (`SIGKILL`).
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("SIGKILL");
        self.process.wait().expect("a dead process");
    }

    /// Asks the process to stop (`SIGTERM`), waits for it, and gives its exit status.
    pub(crate) fn terminate(&mut self) -> std::process::ExitStatus {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("kill");
        assert!(sent.success());
        self.process.wait().expect("a stopped process")
    }

    /// Starts a stopped process again, on the same folder and address.
    pub(crate) fn restart(&mut self) {
        (self.process, self.welcome) = launch(self.data.path(), &self.bind, &self.environment);
        // The connections of the client before lead to a process that is gone.
        self.client = Client::new();
    }

    /// Changes a variable for what is started from here on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// The folder that holds `data/`.
    pub(crate) fn folder(&self) -> &Path {
        self.data.path()
    }

    /// `http://127.0.0.1:port`
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Runs one of the operator's commands in the same folder with the same variables.
    pub(crate) fn operator(&self, arguments: &[&str]) -> std::process::Output {
        command(self.data.path(), &self.environment).args(arguments).output().expect("evident")
    }

    /// A request to a path under `/api/v1`.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/api/v1{path}", self.url))
    }

    /// Posts a body and gives status and answer.
    pub(crate) async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        answer(self.request(Method::POST, path).json(&body)).await
    }

    /// Registers somebody and gives their id.
    pub(crate) async fn register(&self, email: &str) -> String {
        let body = serde_json::json!({"email": email, "password": PASSWORD, "display_name": "Somebody"});
        let (status, user) = self.post("/auth/register", body).await;
        assert_eq!(status, StatusCode::CREATED, "{user}");
        user["id"].as_str().expect("an id").to_owned()
    }

    /// Signs somebody in and gives the whole answer.
    pub(crate) async fn login(&self, email: &str) -> Value {
        let body = serde_json::json!({"email": email, "password": PASSWORD});
        let (status, signed_in) = self.post("/auth/login", body).await;
        assert_eq!(status, StatusCode::OK, "{signed_in}");
        signed_in
    }

    /// Signs somebody in and gives their access token.
    pub(crate) async fn token(&self, email: &str) -> String {
        self.login(email).await["access_token"].as_str().expect("a token").to_owned()
    }
}

impl Drop for Evident {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends a request and gives status and body; an empty body is `null`.
pub(crate) async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.expect("an answer");
    let status = response.status();
    let text = response.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn command(folder: &Path, environment: &[(String, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evident"));
    command.current_dir(folder).env_clear();
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command
}

fn launch(folder: &Path, bind: &str, environment: &[(String, String)]) -> (Child, String) {
    let log =
        std::fs::File::options().create(true).append(true).open(folder.join("log.jsonl")).expect("a log");
    let mut process = command(folder, environment)
        .env("EVIDENT_BIND", bind)
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .expect("evident starts");
    let welcome = read_welcome(&mut process, folder);
    (process, welcome)
}

/// Reads what the start prints until the line that says that it listens. The reader goes on in a thread of its own, so
/// that the process never blocks on a full pipe.
fn read_welcome(process: &mut Child, folder: &Path) -> String {
    let (lines, printed) = std::sync::mpsc::channel();
    let stdout = BufReader::new(process.stdout.take().expect("standard output"));
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));
    let (deadline, mut welcome) = (Instant::now() + Duration::from_secs(60), String::new());
    while !welcome.contains("Try it:") {
        let left = deadline.saturating_duration_since(Instant::now());
        match printed.recv_timeout(left) {
            Ok(line) => welcome = format!("{welcome}{line}\n"),
            Err(_) => {
                let log = std::fs::read_to_string(folder.join("log.jsonl")).unwrap_or_default();
                panic!("evident did not start; it said:\n{welcome}\n{log}");
            }
        }
    }
    welcome
}

/// An empty database on the server that the tests were given.
#[expect(clippy::disallowed_methods, reason = "tests learn from the environment where their PostgreSQL is")]
pub(crate) fn postgres_database() -> String {
    let server = std::env::var("EVIDENT_TEST_POSTGRES_URL").expect(
        "run scripts/test, or set EVIDENT_TEST_POSTGRES_URL to a PostgreSQL whose databases are expendable",
    );
    let moment = std::time::UNIX_EPOCH.elapsed().expect("a clock past 1970").as_nanos();
    let name = format!("evident_{}_{moment}", std::process::id());
    let created = Command::new("psql")
        .args([&server, "--quiet", "--command", &format!("create database {name}")])
        .status()
        .expect("psql is installed");
    assert!(created.success(), "psql could not create a database");
    let (base, _) = server.rsplit_once('/').expect("a URL with a database");
    format!("{base}/{name}")
}
