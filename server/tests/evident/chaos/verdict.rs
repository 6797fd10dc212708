//! What the log and the tables say when it is over.

use super::{
    killer::Fleet,
    people::{Addresses, Tally},
};
use crate::{
    cluster::Installation,
    support::{ADMIN, PASSWORD},
};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::{collections::HashMap, fmt};

/// Fewer acknowledged commands than this were no load.
const LEAST_ACKNOWLEDGED: u64 = 100;

/// What was counted.
pub(super) struct Found {
    records: usize,
    acknowledged: u64,
    tried_again: u64,
    read: u64,
    turned_away: u64,
}

/// Holds the history against what people were told, and the tables against the history.
pub(super) async fn judge(
    installation: &Installation,
    fleet: &mut Fleet,
    addresses: &Addresses,
    tallies: &[Tally],
) -> Found {
    let records = export(addresses, fleet).await;
    let mut versions: HashMap<&str, u64> = HashMap::new();
    let mut changes: HashMap<&str, u64> = HashMap::new();
    for record in &records {
        let stream = record["subject"].as_str().expect("a stream");
        let version = versions.entry(stream).or_default();
        *version += 1;
        assert_eq!(record["streamversion"], *version, "{stream} is next by next");
        if record["type"] == "user.profile_changed.v1" {
            *changes.entry(stream).or_default() += 1;
        }
    }
    for tally in tallies {
        let there = changes.get(&*tally.stream).copied().unwrap_or_default();
        assert_eq!(there, tally.acknowledged, "{}: what was acknowledged is there, once", tally.stream);
    }
    let sum = |what: fn(&Tally) -> u64| tallies.iter().map(what).sum();
    let found = Found {
        records: records.len(),
        acknowledged: sum(|tally| tally.acknowledged),
        tried_again: sum(|tally| tally.tried_again),
        read: sum(|tally| tally.read),
        turned_away: sum(|tally| tally.turned_away),
    };
    assert!(found.acknowledged >= LEAST_ACKNOWLEDGED, "that was no load: {found}");
    assert!(found.read > 0, "nobody read anything: {found}");
    let check = installation.operator(&["rebuild", "--check"]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    found
}

/// The whole log, a line a record, as auditors take it away. It ends with the note that it was taken.
async fn export(addresses: &Addresses, fleet: &mut Fleet) -> Vec<Value> {
    let credentials = json!({"email": ADMIN, "password": PASSWORD});
    let login = Client::new().post(format!("{}/api/v1/auth/login", addresses.commands[0])).json(&credentials);
    let login = login.send().await.expect("an answer");
    assert_eq!(login.status(), StatusCode::OK);
    let login: Value = login.json().await.expect("JSON");
    let queries = &mut fleet.queries[0];
    queries.until_ready().await;
    let export = queries.request(Method::GET, "/api/v1/audit/export?format=jsonl");
    let export =
        export.bearer_auth(login["access_token"].as_str().expect("a token")).send().await.expect("an answer");
    assert_eq!(export.status(), StatusCode::OK);
    let lines = export.text().await.expect("records");
    lines.lines().map(|line| serde_json::from_str(line).expect("a record")).collect()
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { records, acknowledged, tried_again, read, turned_away } = self;
        write!(
            f,
            "{acknowledged} commands acknowledged ({tried_again} tries said again), each in the log once, among {records} \
             records; {read} reads of one's own writes, none stale ({turned_away} turned away)"
        )
    }
}
