//! The processes that are measured: `evident` as it is released, and the bare answer.

use crate::{Outcome, load};
use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

/// A child that is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// From its start to its first 200 from `/health/ready`.
    pub(crate) cold_start: Duration,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What cargo tells the programs that it runs about their package, as far as build scripts watch it.
const OF_ONE_PACKAGE: [&str; 7] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

/// Cargo, in the workspace, as if it were called from there.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    // Under `cargo run` they speak of the package `bench`. Build scripts that watch them (ring's does) would find what
    // either build made stale for the other, and make most of the dependencies again on every run.
    for variable in OF_ONE_PACKAGE {
        cargo.env_remove(variable);
    }
    cargo
}

/// Builds the release binary, so that the figures are of this source and no other.
pub(crate) fn build_evident() -> Outcome<PathBuf> {
    let built = cargo()
        .args([
            "build",
            "--release",
            "--locked",
            "--package",
            "server",
            "--bins",
            "--message-format",
            "short",
        ])
        .status()?;
    if !built.success() {
        return Err("evident does not build".into());
    }
    // Both were built by the same cargo into the same folder, the services' binaries too.
    let binary = std::env::current_exe()?.with_file_name("evident");
    if binary.exists() { Ok(binary) } else { Err(format!("{} is missing", binary.display()).into()) }
}

/// Starts `evident`, or one of its services, in `folder` with these variables beside the defaults, and waits until it is
/// ready; its log lines go to a file there.
pub(crate) async fn evident(binary: &Path, folder: &Path, variables: &[(&str, &str)]) -> Outcome<Process> {
    let bind = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let log = std::fs::File::options().create(true).append(true).open(folder.join("log.jsonl"))?;
    let started = Instant::now();
    let mut child = Command::new(binary)
        .current_dir(folder)
        .env_clear()
        .env("EVIDENT_BIND", bind.to_string())
        .envs([("EVIDENT_ADMIN_EMAIL", ADMIN), ("EVIDENT_ADMIN_PASSWORD", PASSWORD)])
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()?;
    drain(child.stdout.take());
    let ready = load::request("GET", "/health/ready", &[], None);
    let mut process = Process { child, address: bind, cold_start: Duration::ZERO };
    while started.elapsed() < Duration::from_secs(60) {
        if let Ok(mut connection) = load::Connection::open(bind).await
            && let Ok(answer) = connection.ask(&ready).await
            && answer.status == 200
        {
            process.cold_start = started.elapsed();
            return Ok(process);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Err(format!("evident did not become ready; see {}", folder.join("log.jsonl").display()).into())
}

/// The first admin of every measured process.
pub(crate) const ADMIN: &str = "admin@example.com";
/// The password of everybody in the benchmarks.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Starts the bare axum answer: this binary again.
pub(crate) fn bare_axum() -> Outcome<Process> {
    let mut child =
        Command::new(std::env::current_exe()?).arg("--serve-bare").stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    let stdout = child.stdout.take().ok_or("no output")?;
    BufReader::new(stdout).read_line(&mut line)?;
    Ok(Process { child, address: line.trim().parse()?, cold_start: Duration::ZERO })
}

impl Process {
    /// Resident memory, in MiB, as the kernel counts it.
    pub(crate) fn resident_mebibytes(&self) -> Outcome<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
        let kibibytes: f64 = line.split_whitespace().nth(1).ok_or("no VmRSS")?.parse()?;
        Ok(kibibytes / 1_024.0)
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn terminate(mut self) -> Outcome<()> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        self.child.wait()?;
        Ok(())
    }
}

/// Reads a child's output to its end, so that it never blocks on a full pipe.
fn drain(stdout: Option<ChildStdout>) {
    if let Some(stdout) = stdout {
        std::thread::spawn(move || BufReader::new(stdout).lines().map_while(Result::ok).for_each(drop));
    }
}
