//! A NATS server of a test's own, to be killed and started again.

use std::{path::Path, process::Command};
use tempfile::TempDir;

/// Which server: Debian's, or one that knows atomic batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Old,
    New,
}

/// It ends when this is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    folder: TempDir,
}

impl Program {
    #[expect(clippy::disallowed_methods, reason = "tests learn from the environment which servers to start")]
    fn path(self) -> String {
        let variable = match self {
            Self::Old => "EVIDENT_TEST_NATS_SERVER",
            Self::New => "EVIDENT_TEST_NATS_SERVER_2_12",
        };
        std::env::var(variable)
            .unwrap_or_else(|_| panic!("run scripts/test, or set {variable} to a nats-server"))
    }
}

impl Server {
    pub(crate) fn start(program: Program) -> Self {
        Self::start_with(program, &[])
    }

    /// A server that lets in this user only.
    pub(crate) fn start_for(program: Program, user: &str, password: &str) -> Self {
        Self::start_with(program, &[("NATS_USER", user), ("NATS_PASSWORD", password)])
    }

    fn start_with(program: Program, user: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut settings = user.to_vec();
        let path = program.path();
        settings.push(("NATS_SERVER", &path));
        let url = script("start", folder.path(), &settings);
        Self { url, folder }
    }

    /// SIGKILL.
    pub(crate) fn kill(&self) {
        script("kill", self.folder.path(), &[]);
    }

    /// Starts it again at the same address.
    pub(crate) fn start_again(&self) {
        script("start", self.folder.path(), &[]);
    }

    /// SIGKILL, and at once again at the same address.
    pub(crate) fn restart(&self) {
        script("restart", self.folder.path(), &[]);
    }

    /// What it holds, as of now, to be put back later. It MUST NOT run.
    pub(crate) fn save(&self) -> TempDir {
        let saved = tempfile::tempdir().expect("a folder can be made");
        copy(&self.folder.path().join("data"), saved.path());
        saved
    }

    /// Makes it hold what it held. It MUST NOT run.
    pub(crate) fn put_back(&self, saved: &TempDir) {
        let data = self.folder.path().join("data");
        std::fs::remove_dir_all(&data).expect("its data can be removed");
        copy(&saved.path().join("data"), self.folder.path());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        script("kill", self.folder.path(), &[]);
    }
}

fn copy(folder: &Path, into: &Path) {
    let copied = Command::new("cp").arg("-a").arg(folder).arg(into).status().expect("cp can be run");
    assert!(copied.success());
}

fn script(command: &str, folder: &Path, settings: &[(&str, &str)]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/nats");
    let mut script = Command::new(script);
    script.arg(command).arg(folder).envs(settings.iter().copied());
    let done = script.output().expect("scripts/nats can be run");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}
