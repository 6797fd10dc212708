//! What the log and the tables say when it is over.

use super::{
    killer::Fleet,
    people::{Addresses, Tally},
};
use crate::{
    cluster::Installation,
    support::{ADMIN, PASSWORD, answer, patiently},
};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    fmt,
    time::{Duration, Instant},
};

/// Fewer acknowledged commands than this were no load.
pub(super) const LEAST_ACKNOWLEDGED: u64 = 100;

/// How long it may take until NATS carries again what happens.
const PATIENCE: Duration = Duration::from_secs(120);

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
    let token = told_over_nats(addresses, fleet).await;
    let records = export(fleet, &token).await;
    stand_next_by_next(fleet, &token, &records).await;
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

/// Commands more, now that all is healed, until somebody is told of it over NATS. Answers with the admin's token.
async fn told_over_nats(addresses: &Addresses, fleet: &Fleet) -> String {
    let deadline = Instant::now() + PATIENCE;
    let (client, before) = (Client::new(), over_nats(fleet).await);
    loop {
        let login = client.post(format!("{}/api/v1/auth/login", addresses.commands[0]));
        let (status, login) = patiently(login.json(&json!({"email": ADMIN, "password": PASSWORD}))).await;
        assert_eq!(status, StatusCode::OK, "{login}");
        if over_nats(fleet).await > before {
            return login["access_token"].as_str().expect("a token").to_owned();
        }
        assert!(Instant::now() < deadline, "NATS is back, and nobody is told anything over it");
    }
}

/// How many records those who follow, and are alive, took from NATS.
async fn over_nats(fleet: &Fleet) -> f64 {
    let mut taken = 0.0;
    for follower in fleet.projectors.iter().chain(&fleet.queries) {
        taken += follower.counted("evident_follower_records_total{source=\"bus\"}").await;
    }
    taken
}

/// The whole log, a line a record, as auditors take it away; the note that it was taken comes after it.
async fn export(fleet: &mut Fleet, token: &str) -> Vec<Value> {
    let queries = &mut fleet.queries[0];
    queries.until_ready().await;
    let export = queries.request(Method::GET, "/api/v1/audit/export?format=jsonl").bearer_auth(token);
    let export = export.send().await.expect("an answer");
    assert_eq!(export.status(), StatusCode::OK);
    let lines = export.text().await.expect("records");
    lines.lines().map(|line| serde_json::from_str(line).expect("a record")).collect()
}

/// The list of all that happened, page by page from the newest to the oldest: each position is there, next by next, and at
/// each lies what was exported in its place.
async fn stand_next_by_next(fleet: &Fleet, token: &str, records: &[Value]) {
    let list = async |query: String| {
        let page = fleet.queries[0].request(Method::GET, &format!("/api/v1/audit/events?{query}"));
        let (status, page) = answer(page.bearer_auth(token)).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        page
    };
    let (mut position, mut cursor) = (records.len() as u64 + 1, String::new());
    let deadline = Instant::now() + PATIENCE;
    loop {
        let newest = list("limit=1".to_owned()).await["items"][0]["position"].as_u64().expect("a position");
        assert!(newest <= position, "{newest} is the last position, and {position} would be next by next");
        if newest == position {
            break;
        }
        assert!(Instant::now() < deadline, "the tables stay at {newest}, behind {position}");
    }
    while position > 0 {
        let page = list(format!("limit=200{cursor}")).await;
        for item in page["items"].as_array().expect("items") {
            assert_eq!(item["position"], position, "positions are next by next");
            match usize::try_from(position).ok().and_then(|number| records.get(number - 1)) {
                Some(record) => assert_eq!(item["id"], record["id"], "what lies at position {position}"),
                None => assert_eq!(item["type"], "audit.exported.v1", "nothing comes after but the note"),
            }
            position -= 1;
        }
        let next = page["next_cursor"].as_str();
        assert_eq!(next.is_none(), position == 0, "the list ends with the first position");
        cursor = next.map(|next| format!("&cursor={next}")).unwrap_or_default();
    }
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
