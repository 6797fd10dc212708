//! The services apart, as an operator would run them: the real binaries, one role a process, stores that they share.

use crate::support::{ADMIN, PASSWORD, free_port};
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;
use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

const COMMAND_API: &str = env!("CARGO_BIN_EXE_command-api");
const PROJECTOR: &str = env!("CARGO_BIN_EXE_projector");
const QUERY_API: &str = env!("CARGO_BIN_EXE_query-api");
const EVIDENT: &str = env!("CARGO_BIN_EXE_evident");

/// How long a service may take to be ready, or to become it again. The first admin's password is hashed meanwhile.
const PATIENCE: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// One folder, one master key, and the variables that all services of one installation share.
pub(crate) struct Installation {
    folder: Arc<tempfile::TempDir>,
    variables: Vec<(String, String)>,
}

impl Installation {
    /// Makes the folder and the key. The stores are SQLite files in the folder unless the variables say otherwise.
    pub(crate) fn new<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let key = folder.path().join("master.key");
        let mut file =
            fs::File::options().write(true).create_new(true).mode(0o600).open(&key).expect("a key file");
        // Any 32 bytes will do here; no two installations share data.
        writeln!(file, "{}", STANDARD.encode([7; 32])).expect("a key");
        let mut all: Vec<(String, String)> = vec![
            ("EVIDENT_MASTER_KEY_FILE".into(), key.display().to_string()),
            ("EVIDENT_ADMIN_EMAIL".into(), ADMIN.into()),
            ("EVIDENT_ADMIN_PASSWORD".into(), PASSWORD.into()),
            // All of them are issued and verified in one name.
            ("EVIDENT_PUBLIC_URL".into(), "http://evident.test".into()),
        ];
        all.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        Self { folder: Arc::new(folder), variables: all }
    }

    /// The same installation as a service sees it that is given these variables, too.
    pub(crate) fn with<'a>(&self, variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut all = self.variables.clone();
        all.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        Self { folder: Arc::clone(&self.folder), variables: all }
    }

    /// The folder that the master key is in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs one of the operator's commands.
    pub(crate) fn operator(&self, arguments: &[&str]) -> Output {
        self.command(EVIDENT).args(arguments).output().expect("evident")
    }

    /// `evident migrate`, which must succeed.
    pub(crate) fn migrate(&self) {
        let migrated = self.operator(&["migrate"]);
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    }

    /// Starts a command-api.
    pub(crate) fn command_api(&self) -> Service {
        self.service(COMMAND_API)
    }

    /// Starts a projector.
    pub(crate) fn projector(&self) -> Service {
        self.service(PROJECTOR)
    }

    /// Starts a query-api.
    pub(crate) fn query_api(&self) -> Service {
        self.service(QUERY_API)
    }

    fn service(&self, binary: &'static str) -> Service {
        let port = free_port();
        let bind = format!("127.0.0.1:{port}");
        let mut command = self.command(binary);
        command.env("EVIDENT_BIND", &bind);
        let name = Path::new(binary).file_name().expect("a name").to_string_lossy();
        let log = self.folder.path().join(format!("{name}-{port}.jsonl"));
        let process = launch(&mut command, &log);
        Service { command, process, url: format!("http://{bind}"), log, client: Client::new() }
    }

    fn command(&self, binary: &str) -> Command {
        let mut command = Command::new(binary);
        command.current_dir(self.folder.path()).env_clear();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

fn launch(command: &mut Command, log: &Path) -> Child {
    let log = fs::File::options().create(true).append(true).open(log).expect("a log");
    command.stdout(Stdio::null()).stderr(log).spawn().expect("the service starts")
}

/// One running service. Dropped, it is killed.
pub(crate) struct Service {
    command: Command,
    process: Child,
    url: String,
    log: PathBuf,
    client: Client,
}

impl Service {
    /// `http://127.0.0.1:port`
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A request to any path.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// `evident health`, as a container's health check runs it.
    pub(crate) fn health(&self) -> Output {
        let bind = self.url.strip_prefix("http://").expect("an address");
        Command::new(EVIDENT).arg("health").env_clear().env("EVIDENT_BIND", bind).output().expect("evident")
    }

    /// `GET /health/ready`; `None` while nobody listens.
    pub(crate) async fn readiness(&self) -> Option<(StatusCode, Value)> {
        let answer = self.request(Method::GET, "/health/ready").send().await.ok()?;
        Some((answer.status(), answer.json().await.ok()?))
    }

    /// The sum of what `/metrics` says of this counter, or of this one with these labels; 0 when it says nothing.
    pub(crate) async fn counted(&self, counter: &str) -> f64 {
        let metrics = self.request(Method::GET, "/metrics").send().await.expect("an answer");
        let metrics = metrics.text().await.expect("a text");
        let lines = metrics.lines().filter_map(|line| line.strip_prefix(counter));
        let values = lines.filter(|rest| rest.starts_with(['{', ' ']));
        values.map(|rest| rest.rsplit(' ').next().expect("a value").parse::<f64>().expect("a number")).sum()
    }

    /// Waits until its readiness is as asked, and fails when that takes too long.
    pub(crate) async fn until(&mut self, what: &str, wanted: impl Fn(StatusCode, &Value) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let now = self.readiness().await;
            if now.as_ref().is_some_and(|(status, body)| wanted(*status, body)) {
                return;
            }
            let ended = self.process.try_wait().expect("a process");
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "not {what}: {now:?}; it said:\n{}",
                self.said()
            );
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until it can serve.
    pub(crate) async fn until_ready(&mut self) {
        self.until("ready", |status, _| status == StatusCode::OK).await;
    }

    /// Everything that it has logged.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> std::process::ExitStatus {
        self.process.wait().expect("an ended process")
    }

    /// Kills it as a power cut would (`SIGKILL`).
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("SIGKILL");
        self.wait();
    }

    /// Asks it to stop (`SIGTERM`), and gives its exit status.
    pub(crate) fn terminate(&mut self) -> std::process::ExitStatus {
        let sent =
            Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().expect("kill");
        assert!(sent.success());
        self.wait()
    }

    /// Starts it again on its address.
    pub(crate) fn restart(&mut self) {
        self.process = launch(&mut self.command, &self.log);
        // Connections of the client before lead to a process that is gone.
        self.client = Client::new();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
