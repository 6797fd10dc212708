//! A running `evident`, as an operator would run it: the real binary, its own data folder, a free port.

use reqwest::{Client, Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, AtomicUsize, Ordering},
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
        let bind = format!("127.0.0.1:{}", free_port());
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

    /// The password that the first start printed for the first admin, `admin@localhost`.
    pub(crate) fn initial_password(&self) -> &str {
        let (_, rest) = self.welcome.split_once("password: ").expect("a password");
        rest.lines().next().expect("a line").trim()
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

    /// The process's id.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
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

    /// One of the operator's commands, to be run in the same folder with the same variables.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(self.data.path(), &self.environment);
        command.args(arguments);
        command
    }

    /// A request to a path under `/api/v1`.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/api/v1{path}", self.url))
    }

    /// Posts a body and gives status and answer, patiently and once.
    pub(crate) async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        patiently(once(self.request(Method::POST, path).json(&body))).await
    }

    /// Registers somebody and gives their id.
    pub(crate) async fn register(&self, email: &str) -> String {
        let body = json!({"email": email, "password": PASSWORD, "display_name": "Somebody"});
        // Asked again it is the same registration.
        let register = self.request(Method::POST, "/auth/register").header("Idempotency-Key", email);
        let (status, user) = patiently(register.json(&body)).await;
        assert_eq!(status, StatusCode::CREATED, "{user}");
        user["id"].as_str().expect("an id").to_owned()
    }

    /// Signs somebody in and gives the whole answer.
    pub(crate) async fn login(&self, email: &str) -> Value {
        let (status, signed_in) =
            self.post("/auth/login", json!({"email": email, "password": PASSWORD})).await;
        assert_eq!(status, StatusCode::OK, "{signed_in}");
        signed_in
    }

    /// Signs somebody in and gives their access token.
    pub(crate) async fn token(&self, email: &str) -> String {
        self.login(email).await["access_token"].as_str().expect("a token").to_owned()
    }

    /// What the first admin is shown, with everything in it that has happened until now.
    pub(crate) async fn look(&self, path: &str) -> (StatusCode, Value) {
        let login = once(self.request(Method::POST, "/auth/login"));
        let login = login.json(&json!({"email": ADMIN, "password": PASSWORD}));
        let signed_in = patiently_sent(login).await.expect("an answer");
        assert_eq!(signed_in.status, StatusCode::OK, "{}", signed_in.body);
        let asked = self.request(Method::GET, path).header("Evident-Min-Position", signed_in.position());
        patiently(asked.bearer_auth(signed_in.body["access_token"].as_str().expect("a token"))).await
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
    let sent = sent(request).await.expect("an answer");
    (sent.status, sent.body)
}

/// Sends a request and gives status and body, and does as clients are told when they come too early: where the tables do
/// not show yet what was asked for, or other programs leave no processor to hash passwords, it is sent again, for a
/// minute or two. A command that hashes MUST be sent [`once`], if it may not happen twice.
pub(crate) async fn patiently(request: RequestBuilder) -> (StatusCode, Value) {
    let sent = patiently_sent(request).await.expect("an answer");
    (sent.status, sent.body)
}

/// The same, for whoever looks at headers, or expects that there may be no answer.
pub(crate) async fn patiently_sent(request: RequestBuilder) -> reqwest::Result<Answered> {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let answered = sent(request.try_clone().expect("a body that can be sent again")).await?;
        if !too_early(&answered.body) || Instant::now() > deadline {
            return Ok(answered);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Whether an answer says to come again, and nothing else.
pub(crate) fn too_early(body: &Value) -> bool {
    ["read-model-behind", "overloaded"].map(Value::from).contains(&body["code"])
}

/// A command under an `Idempotency-Key` of its own: sent again it goes on with what became of it meanwhile, where
/// without one a password would be hashed from the start each time.
pub(crate) fn once(request: RequestBuilder) -> RequestBuilder {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    request.header("Idempotency-Key", format!("once-{}", NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// An answer, read to its end; an empty body is `null`.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answered {
    /// The position that it says.
    pub(crate) fn position(&self) -> String {
        self.headers["evident-position"].to_str().expect("a position").to_owned()
    }
}

/// Sends a request, and that is all.
pub(crate) async fn sent(request: RequestBuilder) -> reqwest::Result<Answered> {
    let response = request.send().await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await?;
    Ok(Answered { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null) })
}

/// A port that nobody listens on. It is none of those that systems give to whoever asks for any, nor of those that
/// `scripts/` takes, so nobody takes it by chance before it is listened on, or while who listened there is dead.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        // Other processes that test begin elsewhere.
        let number = std::process::id().wrapping_mul(61).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(10_000 + number % 10_000).expect("below 20,000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
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
    // The first admin's password is hashed meanwhile.
    let (deadline, mut welcome) = (Instant::now() + Duration::from_secs(300), String::new());
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
