//! A server killed while it ends months of network facts: started again, it has ended each of them, once, and the audit says so.

use crate::{
    cluster::{Installation, Service},
    support::{ADMIN, PASSWORD, once, patiently, postgres_database},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    process::Command,
    time::{Duration, Instant},
};

/// From January 1970 on, whose time has long run out.
const MONTHS: usize = 600;
/// How long anything here may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(300);

fn asked(database: &str, statement: &str) -> String {
    let done = Command::new("psql")
        .args([database, "--no-psqlrc", "--tuples-only", "--no-align", "--command", statement])
        .output()
        .expect("psql");
    assert!(done.status.success(), "{statement}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

fn months_left(database: &str) -> usize {
    let left = "select count(*) from evident_vault.month_keys where month < '2020'";
    asked(database, left).parse().expect("a number")
}

/// Months that the log says are ended.
fn months_said(database: &str) -> usize {
    let said = "select count(*) from evident_log.records where stream = 'retention-network'";
    asked(database, said).parse().expect("a number")
}

/// Kills the process, and waits until nobody does any more what it asked for.
async fn kill(commands: &mut Service, database: &str) {
    commands.kill();
    let connected = "select count(*) from pg_stat_activity where datname = current_database() \
                     and backend_type = 'client backend' and pid <> pg_backend_pid()";
    let deadline = Instant::now() + PATIENCE;
    while asked(database, connected) != "0" {
        assert!(Instant::now() < deadline, "somebody is connected still");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Kills while months end, until one kill at least came between what the log says of a month and the end of its key.
/// `false` when all of them ended before.
async fn killed_in_the_middle(commands: &mut Service, database: &str) -> bool {
    let (mut kills, mut cut_off) = (0, 0);
    while kills < 3 || cut_off == 0 {
        let before = months_left(database);
        commands.restart();
        let deadline = Instant::now() + PATIENCE;
        while months_left(database) == before {
            assert!(Instant::now() < deadline, "no month ends: {}", commands.said());
        }
        kill(commands, database).await;
        let left = months_left(database);
        if left == 0 {
            return false;
        }
        let said = months_said(database);
        assert!(
            said + left >= MONTHS,
            "a key ended before the log said so: {said} are said, {left} are left"
        );
        (kills, cut_off) = (kills + 1, cut_off + said + left - MONTHS);
    }
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_months_end_each_has_ended_once_and_the_audit_says_so() {
    for _ in 0..5 {
        let database = postgres_database();
        let names = ["EVIDENT_LOG_URL", "EVIDENT_VAULT_URL", "EVIDENT_READ_URL"];
        let installation = Installation::new(names.map(|name| (name, &*database)));
        installation.migrate();
        let mut commands = installation.command_api();
        commands.until_ready().await;
        assert!(commands.terminate().success());
        // Keys are destroyed unseen, so any bytes will do.
        let since = "select to_char(month, 'YYYY-MM'), '\\x00' from \
                     generate_series('1970-01-01'::timestamp, '2019-12-01'::timestamp, '1 month') as month";
        asked(&database, &format!("insert into evident_vault.month_keys (month, wrapped) {since}"));
        assert_eq!(months_left(&database), MONTHS);
        if killed_in_the_middle(&mut commands, &database).await {
            commands.restart();
            commands.until_ready().await;
            assert_eq!(months_left(&database), 0);
            each_has_ended_once(&installation, &commands).await;
            return;
        }
    }
    panic!("each time it was through before it was killed in the middle");
}

async fn each_has_ended_once(installation: &Installation, commands: &Service) {
    let (mut projector, mut queries) = (installation.projector(), installation.query_api());
    projector.until_ready().await;
    queries.until_ready().await;
    let login = once(commands.request(Method::POST, "/api/v1/auth/login"));
    let (status, admin) = patiently(login.json(&json!({"email": ADMIN, "password": PASSWORD}))).await;
    assert_eq!(status, StatusCode::OK, "{admin}");
    queries.until_ready().await;
    let export = queries.request(Method::GET, "/api/v1/audit/export?format=jsonl");
    let export = export.bearer_auth(admin["access_token"].as_str().expect("a token"));
    let export = export.send().await.expect("an answer").text().await.expect("records");
    let records = export.lines().map(|line| serde_json::from_str::<Value>(line).expect("a record"));
    let ended: Vec<String> = records
        .filter(|record| record["type"] == "retention.network_ended.v1")
        .map(|record| record["data"]["month"].as_str().expect("a month").to_owned())
        .collect();
    assert_eq!(ended.len(), MONTHS, "each once");
    assert_eq!(ended.iter().collect::<BTreeSet<_>>().len(), MONTHS, "each of them");
    let check = installation.operator(&["rebuild", "--check"]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}
