//! Against a real server, and without one.

mod agreement;
mod outages;
mod sharing;

use super::{Limiter, Subscriber, Valkey, Who, gcra::Quota};
use crate::clock::{Clock, Entropy};
use std::{
    io,
    net::Ipv4Addr,
    path::Path,
    process::{Command, Output},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// A burst that does not come again while a test runs.
pub(super) const ONCE: Quota = Quota { burst: 20, interval: Duration::from_secs(3_600) };

/// How long a test waits for what comes at once where the machine is not busy.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The server that all tests share. Nothing in it may be taken for granted but what a test put there.
#[expect(clippy::disallowed_methods, reason = "tests are told where the servers are")]
pub(super) fn url() -> String {
    std::env::var("EVIDENT_TEST_REDIS_URL")
        .expect("run scripts/test, or set EVIDENT_TEST_REDIS_URL to a Valkey or Redis that is expendable")
}

/// A server of a test's own, to be killed.
pub(super) struct Server {
    pub(super) url: String,
    folder: TempDir,
}

impl Server {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = must_run("start", folder.path());
        Self { url, folder }
    }

    /// One of `kill`, `start`, `pause` and `resume`.
    pub(super) fn told_to(&self, command: &str) {
        must_run(command, self.folder.path());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A panic beside that of a test that fails would take all other tests along.
        _ = run("kill", self.folder.path());
    }
}

fn run(command: &str, folder: &Path) -> io::Result<Output> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/redis");
    Command::new(script).arg(command).arg(folder).output()
}

fn must_run(command: &str, folder: &Path) -> String {
    let done = run(command, folder).expect("scripts/redis can be run");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

/// Connected, and patient: what is counted is not to hang on how busy the machine is.
pub(super) async fn valkey(url: &str) -> Valkey {
    let valkey = Valkey::open_within(url, "limits", PATIENCE).expect("a URL");
    eventually("Valkey is there", || valkey.is_up()).await;
    valkey
}

/// Connected, with the deadline that is served with.
async fn hurried_limiter(url: &str) -> Limiter {
    let valkey = Valkey::open(url, "limits").expect("a URL");
    eventually("Valkey is there", || valkey.is_up()).await;
    Limiter::together(valkey, &[7; 32], Clock::System)
}

/// A limiter with a connection of its own, as another process would have.
pub(super) async fn limiter(url: &str) -> Limiter {
    Limiter::together(valkey(url).await, &[7; 32], Clock::System)
}

pub(super) async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Somebody whom no other test knows.
pub(super) fn somebody() -> Who {
    Who::Subscriber(Subscriber::of(Some(Ipv4Addr::from(Entropy::System.bytes::<4>()).into())))
}
