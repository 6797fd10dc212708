//! Servers of a test's own, which it may stop, kill and start again, by the scripts that are there for people too.

use crate::support::root;
use std::process::Command;

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

    fn start(script: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = run(script, "start", folder.path());
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

fn run(script: &str, verb: &str, folder: &std::path::Path) -> String {
    // Errors go to the test's own output: a server that inherited a pipe would keep it open.
    let done = Command::new(root().join("scripts").join(script))
        .arg(verb)
        .arg(folder)
        .stderr(std::process::Stdio::inherit())
        .output()
        .expect("the script runs");
    assert!(done.status.success(), "scripts/{script} {verb} failed");
    String::from_utf8(done.stdout).expect("text").trim().to_owned()
}
