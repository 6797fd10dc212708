//! A server killed while it ends months of network facts: started again, it has ended each of them, once, and the audit says so.

use crate::{
    cluster::Installation,
    support::{ADMIN, PASSWORD, patiently, postgres_database},
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_months_end_each_has_ended_once_and_the_audit_says_so() {
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

    let (mut left, mut cut_off) = (MONTHS, 0);
    while cut_off < 3 {
        commands.restart();
        let deadline = Instant::now() + Duration::from_secs(60);
        while months_left(&database) == left {
            assert!(Instant::now() < deadline, "no month ends: {}", commands.said());
        }
        commands.kill();
        let now = months_left(&database);
        assert!(now > 0, "it was through before it could be killed");
        (left, cut_off) = (now, cut_off + 1);
    }
    commands.restart();
    commands.until_ready().await;
    assert_eq!(months_left(&database), 0);

    let (mut projector, mut queries) = (installation.projector(), installation.query_api());
    projector.until_ready().await;
    queries.until_ready().await;
    let login = commands.request(Method::POST, "/api/v1/auth/login");
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
