//! The process is killed under load, again and again. What was acknowledged is there, once; what was not can be sent
//! again under its Idempotency-Key and is then there once too.

use crate::support::{ADMIN, Evident, PASSWORD, answer};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};
use tokio::task::JoinSet;

const PEOPLE: usize = 12;
const KILLS: u64 = 4;
/// Changes that are acknowledged before each kill.
const BEFORE_EACH: u32 = 15;
/// How long anything here may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// Somebody who keeps changing their name.
#[derive(Clone)]
struct Person {
    id: String,
    token: String,
    /// How many of their changes were acknowledged. The next one may or may not have happened.
    acknowledged: u32,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_under_load_it_loses_nothing_acknowledged_and_repeats_nothing() {
    let mut evident = Evident::start();
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let email = format!("person-{number}@example.com");
        let id = evident.register(&email).await;
        people.push(Person { id, token: evident.token(&email).await, acknowledged: 0 });
    }
    for kill in 0..KILLS {
        let acknowledged = Arc::new(AtomicU32::new(0));
        let load: Vec<_> = people
            .into_iter()
            .map(|person| {
                let (url, acknowledged) = (evident.url().to_owned(), Arc::clone(&acknowledged));
                tokio::spawn(change_until_cut_off(url, person, acknowledged))
            })
            .collect();
        let deadline = Instant::now() + PATIENCE;
        while acknowledged.load(Ordering::SeqCst) < BEFORE_EACH {
            assert!(Instant::now() < deadline, "that is no load");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Not a wait for anything: how long the load goes on before the lights go out.
        tokio::time::sleep(Duration::from_millis(170 * kill)).await;
        evident.kill();
        people = Vec::new();
        for person in load {
            people.push(person.await.expect("a person"));
        }
        evident.restart();
    }
    // The command that was under way at the last kill is sent once more, so that each has happened.
    for person in &mut people {
        assert!(change(&Client::new(), evident.url(), person).await, "a command after the restart");
    }

    let admin = evident.token(ADMIN).await;
    let export = evident.request(Method::GET, "/audit/export?format=jsonl").bearer_auth(&admin);
    let export = export.send().await.expect("an answer").text().await.expect("records");
    let mut changes: HashMap<String, u32> = HashMap::new();
    let mut versions: HashMap<String, u64> = HashMap::new();
    for line in export.lines() {
        let record: Value = serde_json::from_str(line).expect("a record");
        let stream = record["subject"].as_str().expect("a stream").to_owned();
        let version = versions.entry(stream.clone()).or_default();
        *version += 1;
        assert_eq!(record["streamversion"], *version, "{stream} is next by next");
        if record["type"] == "user.profile_changed.v1" {
            *changes.entry(stream).or_default() += 1;
        }
    }
    for person in &people {
        assert_eq!(changes[&format!("user-{}", person.id)], person.acknowledged, "{}", person.id);
    }
    assert_eq!(evident.look("/users").await.0, StatusCode::OK, "there is something to compare");
    let check = evident.operator(&["rebuild", "--check"]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}

async fn change_until_cut_off(url: String, mut person: Person, acknowledged: Arc<AtomicU32>) -> Person {
    let client = Client::new();
    while change(&client, &url, &mut person).await {
        acknowledged.fetch_add(1, Ordering::SeqCst);
    }
    person
}

/// Sends the next change; whether it was acknowledged. Its key says which change it is, however often it is sent.
async fn change(client: &Client, url: &str, person: &mut Person) -> bool {
    let number = person.acknowledged;
    let sent = client
        .patch(format!("{url}/api/v1/users/{}", person.id))
        .bearer_auth(&person.token)
        .header("Idempotency-Key", format!("change-{number}"))
        .json(&json!({"display_name": format!("Name {number}")}))
        .send()
        .await;
    match sent {
        Ok(answer) => {
            assert_eq!(answer.status(), StatusCode::OK, "{:?}", answer.text().await);
            person.acknowledged += 1;
            true
        }
        Err(_) => false,
    }
}

/// Accounts that are closed at the moment of each kill.
const CLOSING: usize = 15;
/// Kills at most until one of them cut something off.
const MOST_KILLS: u64 = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_accounts_are_closed_it_erases_everybody_whose_account_is() {
    let mut evident = Evident::start_with([
        ("EVIDENT_ADMIN_EMAIL", ADMIN),
        ("EVIDENT_ADMIN_PASSWORD", PASSWORD),
        ("EVIDENT_ERASURE_DELAY", "0s"),
    ]);
    let (mut acknowledged, mut cut_off) = (0, 0);
    for kill in 0.. {
        if kill >= KILLS && cut_off > 0 {
            break;
        }
        assert!(kill < MOST_KILLS, "no kill cut anything off");
        let admin = evident.token(ADMIN).await;
        let mut closing = Vec::new();
        for number in 0..CLOSING {
            let body = json!({"email": format!("person-{kill}-{number}@example.com")});
            let created = evident.request(Method::POST, "/users").bearer_auth(&admin).json(&body);
            let (status, user) = answer(created).await;
            assert_eq!(status, StatusCode::CREATED, "{user}");
            let path = format!("/users/{}", user["id"].as_str().expect("an id"));
            closing.push(evident.request(Method::DELETE, &path).bearer_auth(&admin));
        }
        let before = log_written(&evident);
        let mut sent = JoinSet::new();
        for close in closing {
            sent.spawn(async move {
                close.send().await.is_ok_and(|answer| answer.status() == StatusCode::ACCEPTED)
            });
        }
        // The kill comes as soon as the log hears of the first of them, or a moment later.
        let deadline = Instant::now() + PATIENCE;
        while log_written(&evident) == before {
            assert!(Instant::now() < deadline, "the log hears of nothing");
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(kill % KILLS)).await;
        evident.kill();
        let answered = sent.join_all().await;
        let heard = answered.iter().filter(|acknowledged| **acknowledged).count();
        (acknowledged, cut_off) = (acknowledged + heard, cut_off + answered.len() - heard);
        evident.restart();
    }

    let admin = evident.token(ADMIN).await;
    let export = evident.request(Method::GET, "/audit/export?format=jsonl").bearer_auth(&admin);
    let export = export.send().await.expect("an answer").text().await.expect("records");
    let records: Vec<Value> =
        export.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    let streams = |event_type: &str| -> BTreeSet<&str> {
        let told = records.iter().filter(|record| record["type"] == event_type);
        told.map(|record| record["subject"].as_str().expect("a stream")).collect()
    };
    let (deleted, erased) = (streams("user.deleted.v1"), streams("user.erased.v1"));
    assert!(deleted.len() >= acknowledged.max(1), "what was acknowledged is there");
    assert_eq!(deleted, erased);
}

/// When something was last written to the log.
fn log_written(evident: &Evident) -> SystemTime {
    let file = evident.folder().join("data/log.db-wal");
    file.metadata().and_then(|metadata| metadata.modified()).expect("a file that changes")
}
