//! What an operator asks of `evident`, and what it needs for that.

use crate::{
    servers::Server,
    support::{ADMIN, Evident, PASSWORD},
};
use serde_json::Value;
use std::time::{Duration, Instant};

const FIRST_ADMIN: [(&str, &str); 2] = [("EVIDENT_ADMIN_EMAIL", ADMIN), ("EVIDENT_ADMIN_PASSWORD", PASSWORD)];

/// Whether the doctor finds no fault, and all that it says.
fn doctor(evident: &Evident) -> (bool, String) {
    let done = evident.operator(&["doctor"]);
    (done.status.success(), String::from_utf8_lossy(&done.stdout).into_owned())
}

/// Waits until the relay has found the stream, or made it.
async fn relayed(evident: &Evident) {
    let deadline = Instant::now() + Duration::from_secs(20);
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
    let (well, said) = doctor(&evident);
    assert!(well, "{said}");
    assert!(said.contains("NATS: in order, the stream EVIDENT carries this log"), "{said}");
    assert!(said.contains("Valkey: in order, it counts for all processes"), "{said}");

    // Another Evident that shares the NATS account by mistake.
    let stranger = Evident::start_with(FIRST_ADMIN.into_iter().chain([helped[0]]));
    let (well, said) = doctor(&stranger);
    assert!(!well && said.contains("NATS: WRONG, the stream EVIDENT in NATS carries log"), "{said}");
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
async fn who_makes_an_admin_or_replays_erasures_needs_no_read_models() {
    let mut evident = Evident::start_with(FIRST_ADMIN);
    evident.set("EVIDENT_READ_URL", "sqlite:nowhere/read.db");
    let (well, said) = doctor(&evident);
    assert!(!well && said.contains("read models"), "they are really away: {said}");
    let made = evident.operator(&["admin", "create", "--email", "second@example.com"]);
    assert!(made.status.success(), "{made:?}");
    let replayed = evident.operator(&["erasures", "replay"]);
    assert!(replayed.status.success(), "{replayed:?}");

    let made = String::from_utf8_lossy(&made.stdout);
    let password = made.split("shown this once: ").nth(1).expect("a password").trim();
    let body = serde_json::json!({"email": "second@example.com", "password": password});
    let (status, signed_in): (_, Value) = evident.post("/auth/login", body).await;
    assert_eq!(status, 200, "{signed_in}");
}
