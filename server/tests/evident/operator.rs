//! What an operator asks of `evident`, and what it needs for that.

use crate::{
    servers::Server,
    support::{ADMIN, Evident, PASSWORD, postgres_database},
};
use serde_json::Value;
use std::{
    process::Command,
    time::{Duration, Instant},
};

/// How long anything here may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(120);
const FIRST_ADMIN: [(&str, &str); 2] = [("EVIDENT_ADMIN_EMAIL", ADMIN), ("EVIDENT_ADMIN_PASSWORD", PASSWORD)];

/// Whether the doctor finds no fault, and all that it says.
fn doctor(evident: &Evident) -> (bool, String) {
    let done = evident.operator(&["doctor"]);
    (done.status.success(), String::from_utf8_lossy(&done.stdout).into_owned())
}

/// The same, once it says this: it looks at each server for a second or three, which a busy one may need longer for.
fn doctor_says(evident: &Evident, parts: &[&str]) -> (bool, String) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (well, said) = doctor(evident);
        if parts.iter().all(|part| said.contains(part)) {
            return (well, said);
        }
        assert!(Instant::now() < deadline, "not {parts:?}: {said}");
    }
}

/// Waits until the relay has found the stream, or made it.
async fn relayed(evident: &Evident) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let metrics = evident.client.get(format!("{}/metrics", evident.url())).send().await;
        let metrics = metrics.expect("an answer").text().await.expect("a text");
        if metrics.contains("\nevident_relay_position ") {
            return;
        }
        assert!(Instant::now() < deadline, "the log is not relayed:\n{metrics}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_doctor_looks_at_what_helps_and_calls_it_a_fault_only_when_it_is_one() {
    let (nats, valkey) = (Server::nats(), Server::valkey());
    let helped = [("EVIDENT_NATS_URL", nats.url()), ("EVIDENT_REDIS_URL", valkey.url())];
    let mut evident = Evident::start_with(FIRST_ADMIN.into_iter().chain(helped));
    relayed(&evident).await;
    let helps = [
        "NATS: in order, the stream EVIDENT carries this log",
        "Valkey: in order, it counts for all processes",
    ];
    let (well, said) = doctor_says(&evident, &helps);
    assert!(well, "{said}");

    // Another Evident that shares the NATS account by mistake.
    let stranger = Evident::start_with(FIRST_ADMIN.into_iter().chain([helped[0]]));
    let (well, said) = doctor_says(&stranger, &["NATS: WRONG, the stream EVIDENT in NATS carries log"]);
    assert!(!well, "{said}");
    assert!(!said.contains("Valkey"), "it is not configured: {said}");

    nats.kill();
    valkey.kill();
    let (well, said) = doctor(&evident);
    assert!(well, "{said}");
    for part in ["NATS: in order", "Valkey: in order"] {
        let finding = said.lines().find(|line| line.starts_with(part)).unwrap_or_else(|| panic!("{said}"));
        assert!(finding.ends_with("everything goes on without it"), "{finding}");
    }
    evident.set("EVIDENT_REDIS_URL", "redis://127.0.0.1/no-number");
    let (well, said) = doctor(&evident);
    assert!(!well && said.contains("Valkey: WRONG"), "{said}");
}

#[tokio::test]
async fn people_are_imported_from_a_file_and_once_only() {
    let evident = Evident::start();
    let folder = tempfile::tempdir().expect("a folder");
    let (file, refusals) = (folder.path().join("people.csv"), folder.path().join("refused"));
    let hash = "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG";
    std::fs::write(&file, format!("email,password_hash\nada@x.io,{hash}\nada,x\nbob@x.io,\n"))
        .expect("written");
    let (file, refusals) = (file.to_str().expect("a path"), refusals.to_str().expect("a path"));
    let import = |more: &[&str]| {
        let done = evident.operator(&[&["import", "users", file, "--report", refusals], more].concat());
        (done.status.code(), String::from_utf8_lossy(&done.stdout).trim().to_owned())
    };
    let login = async || {
        let body = serde_json::json!({"email": "ada@x.io", "password": PASSWORD});
        evident.post("/auth/login", body).await.0.as_u16()
    };
    let said = "2 would be imported, 0 were there already, 1 were refused.".to_owned();
    assert_eq!(import(&["--dry-run"]), (Some(3), said));
    assert_eq!(login().await, 401);
    assert_eq!(import(&[]), (Some(3), "2 were imported, 0 were there already, 1 were refused.".to_owned()));
    let refused = std::fs::read_to_string(refusals).expect("a report");
    assert!(refused.starts_with("line 3: email: email_invalid: "), "{refused}");
    assert!(refused.contains("line 3: password_hash: password_hash_unsupported: "), "{refused}");
    assert_eq!(login().await, 200);
    assert_eq!(import(&[]), (Some(3), "0 were imported, 2 were there already, 1 were refused.".to_owned()));
    assert_eq!(import(&["--format", "json"]).0, Some(3), "no line of it is JSON");
}

#[tokio::test]
async fn who_makes_an_admin_or_replays_erasures_needs_no_read_models() {
    let mut evident = Evident::start_with(FIRST_ADMIN);
    evident.set("EVIDENT_READ_URL", "sqlite:nowhere/read.db");
    let (well, said) = doctor(&evident);
    assert!(!well && said.contains("read models"), "they are really away: {said}");
    let create = || evident.operator(&["admin", "create", "--email", "second@example.com"]);
    let (deadline, mut made) = (Instant::now() + PATIENCE, create());
    // Other programs left no processor to hash the password.
    while String::from_utf8_lossy(&made.stderr).contains("too many passwords wait")
        && Instant::now() < deadline
    {
        made = create();
    }
    assert!(made.status.success(), "{made:?}");
    let replayed = evident.operator(&["erasures", "replay"]);
    assert!(replayed.status.success(), "{replayed:?}");

    let made = String::from_utf8_lossy(&made.stdout);
    let (_, password) = made.split_once("Initial password: ").expect("a password");
    let password = password.lines().next().expect("a line");
    let body = serde_json::json!({"email": "second@example.com", "password": password});
    let (status, signed_in): (_, Value) = evident.post("/auth/login", body).await;
    assert_eq!(status, 200, "{signed_in}");
}

#[tokio::test]
async fn a_rebuild_that_mends_the_read_models_has_an_exit_status_of_its_own() {
    let database = postgres_database();
    let mut evident =
        Evident::start_with(FIRST_ADMIN.into_iter().chain([("EVIDENT_READ_URL", database.as_str())]));
    let id = evident.register("ada@example.com").await;
    let token = evident.token(ADMIN).await;
    let deadline = Instant::now() + PATIENCE;
    let look = || evident.request(reqwest::Method::GET, &format!("/users/{id}")).bearer_auth(&token).send();
    while look().await.expect("an answer").status() != 200 {
        assert!(Instant::now() < deadline, "she does not show");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(evident.terminate().success());
    let rebuild = |more: &[&str]| {
        let done = evident.operator(&[&["rebuild"], more].concat());
        (done.status.code(), String::from_utf8_lossy(&done.stdout).contains("THEY DIFFER"))
    };
    assert_eq!(rebuild(&[]), (Some(0), false));
    let forged =
        "update evident_read.users set email = 'mallory@example.com' where email = 'ada@example.com'";
    let psql =
        Command::new("psql").args([&database, "--no-psqlrc", "--command", forged]).output().expect("psql");
    assert_eq!(String::from_utf8_lossy(&psql.stdout).trim(), "UPDATE 1", "{psql:?}");
    assert_eq!(rebuild(&["--check"]), (Some(1), true));
    assert_eq!(rebuild(&[]), (Some(3), true));
    assert_eq!(rebuild(&["--check"]), (Some(0), false));
}

#[tokio::test]
async fn the_key_that_is_replaced_unless_another_is_named_signs_tokens() {
    let evident = Evident::start();
    let rotated = evident.operator(&["keys", "rotate"]);
    let said = String::from_utf8_lossy(&rotated.stdout);
    assert!(rotated.status.success() && said.contains("is published from now on"), "{rotated:?}");
    let again = evident.operator(&["keys", "rotate", "signing"]);
    let said = String::from_utf8_lossy(&again.stdout);
    assert!(said.contains("is published already"), "{again:?}");
}

#[tokio::test]
async fn whoever_turns_the_limits_off_is_told_loudly() {
    let quiet = Evident::start();
    assert!(!quiet.welcome.contains("EVIDENT_RATE_LIMITS"), "{}", quiet.welcome);
    let evident = Evident::start_with(FIRST_ADMIN.into_iter().chain([("EVIDENT_RATE_LIMITS", "off")]));
    assert!(evident.welcome.contains("WARNING: EVIDENT_RATE_LIMITS is off"), "{}", evident.welcome);
    let log = std::fs::read_to_string(evident.folder().join("log.jsonl")).expect("the log lines");
    let warned = |line: &str| line.contains("WARN") && line.contains("EVIDENT_RATE_LIMITS is off");
    assert!(log.lines().any(warned), "{log}");
}
