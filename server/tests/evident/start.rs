//! What a process does while it starts and a database goes away under it.

use crate::{cluster::Installation, servers::Server};
use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long it may take until a service says that it waits.
const PATIENCE: Duration = Duration::from_secs(60);

/// Holds the signing keys of the vault until it is dropped, so that whoever wants them is told to come again.
struct Holder(Child);

impl Holder {
    fn new(url: &str) -> Self {
        let mut psql = Command::new("psql");
        psql.args([url, "--no-psqlrc", "--quiet", "--tuples-only"]);
        let mut psql = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("psql");
        let hold = "begin; lock table evident_vault.signing_keys; select 'held';\n";
        psql.stdin.as_mut().expect("its input").write_all(hold.as_bytes()).expect("it listens");
        let output = BufReader::new(psql.stdout.as_mut().expect("its output"));
        assert!(output.lines().any(|line| line.expect("a line").contains("held")), "nothing is held");
        Self(psql)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_store_that_goes_away_between_being_opened_and_being_read_is_waited_for() {
    let server = Server::postgres();
    // Whoever waits for a lock is told so soon, in one of the classes of failures that pass.
    let hasty = format!("{}?options=-c%20lock_timeout%3D100", server.url());
    let stores = [("EVIDENT_LOG_URL", server.url()), ("EVIDENT_VAULT_URL", &hasty)];
    let installation = Installation::new(stores).with([("EVIDENT_READ_URL", server.url())]);
    installation.migrate();
    // The keys that the vault cannot be opened without are there from now on.
    let mut commands = installation.command_api();
    commands.until_ready().await;
    commands.terminate();
    let mut queries = installation.query_api();
    queries.until("waiting for a projector", |_, body| body["read_models"] == "behind").await;
    queries.terminate();

    let holder = Holder::new(server.url());
    commands.restart();
    queries.restart();
    for (service, what) in [(&mut commands, "the command service"), (&mut queries, "the query service")] {
        let waits = format!("waiting for what {what} reads");
        let deadline = Instant::now() + PATIENCE;
        while !service.said().contains(&waits) {
            assert!(Instant::now() < deadline, "{what} does not say that it waits: {}", service.said());
            service.until("starting", |_, body| body["status"] == "starting").await;
        }
    }
    drop(holder);
    commands.until_ready().await;
    queries.until("started", |_, body| body["vault"] == "ok").await;
}
