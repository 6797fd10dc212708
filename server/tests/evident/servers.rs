//! Servers of a test's own, which it may stop, kill and start again, by the scripts that are there for people too.

use crate::support::root;
use std::{
    path::Path,
    process::{Command, Stdio},
};

/// One server in a folder of its own. Dropped, it is stopped.
pub(crate) struct Server {
    script: &'static str,
    folder: tempfile::TempDir,
    url: String,
}

impl Server {
    /// Starts a PostgreSQL.
    pub(crate) fn postgres() -> Self {
        Self::start("postgres")
    }

    /// Starts a NATS server with JetStream.
    pub(crate) fn nats() -> Self {
        Self::start("nats")
    }

    /// Starts a Valkey, or a Redis.
    pub(crate) fn valkey() -> Self {
        Self::start("redis")
    }

    /// Starts a NATS server with JetStream by this program, as `deploy/nats/nats.conf` says, whose users' passwords are
    /// their names.
    pub(crate) fn nats_with_users(program: &str) -> Self {
        let config = root().join("deploy/nats/nats.conf");
        let mut variables =
            vec![("NATS_SERVER", program.to_owned()), ("NATS_CONFIG", config.display().to_string())];
        let users = ["COMMAND", "PROJECTOR", "QUERY"];
        let passwords =
            users.map(|user| (format!("NATS_{user}_PASSWORD"), format!("\"{}\"", user.to_lowercase())));
        variables.extend(passwords.iter().map(|(name, value)| (name.as_str(), value.clone())));
        Self::start_with("nats", &variables)
    }

    fn start(script: &'static str) -> Self {
        Self::start_with(script, &[])
    }

    fn start_with(script: &'static str, variables: &[(&str, String)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = run_with(script, "start", folder.path(), variables);
        Self { script, folder, url }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Stops it in good order.
    pub(crate) fn stop(&self) {
        run(self.script, "stop", self.folder.path());
    }

    /// Kills it as a power cut would.
    pub(crate) fn kill(&self) {
        run(self.script, "kill", self.folder.path());
    }

    /// Kills it as a power cut would, if it runs, and starts it again where it was.
    pub(crate) fn restart(&self) {
        run(self.script, "restart", self.folder.path());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stopped = Command::new(root().join("scripts").join(self.script))
            .arg("stop")
            .arg(self.folder.path())
            .status();
        drop(stopped);
    }
}

fn run(script: &str, verb: &str, folder: &Path) -> String {
    run_with(script, verb, folder, &[])
}

fn run_with(script: &str, verb: &str, folder: &Path, variables: &[(&str, String)]) -> String {
    // Errors go to the test's own output: a server that inherited a pipe would keep it open.
    let done = Command::new(root().join("scripts").join(script))
        .arg(verb)
        .arg(folder)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stderr(Stdio::inherit())
        .output()
        .expect("the script runs");
    assert!(done.status.success(), "scripts/{script} {verb} failed");
    String::from_utf8(done.stdout).expect("text").trim().to_owned()
}

/// The two NATS servers that the tests are given: the oldest that we work with, and a new one.
#[expect(clippy::disallowed_methods, reason = "tests learn from the environment where their servers are")]
pub(crate) fn nats_programs() -> [String; 2] {
    ["EVIDENT_TEST_NATS_SERVER", "EVIDENT_TEST_NATS_SERVER_2_12"].map(|name| {
        std::env::var(name).unwrap_or_else(|_| panic!("run scripts/test, or set {name} to a nats-server"))
    })
}
