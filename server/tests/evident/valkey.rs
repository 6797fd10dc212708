//! What is shared over Valkey, through the whole process: it may die under load, and nobody notices.

use crate::{
    servers::Server,
    support::{ADMIN, Evident, PASSWORD},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// Whether both the limits and the answers are shared, as `there` says, or both are not.
async fn shared(evident: &Evident, there: bool) -> bool {
    let text = evident.client.get(format!("{}/metrics", evident.url())).send().await.expect("metrics");
    let text = text.text().await.expect("a text");
    let told = |shared: &str| format!("evident_valkey_up{{shared=\"{shared}\"}} {}", u8::from(there));
    ["limits", "answers"].into_iter().all(|shared| text.lines().any(|line| line == told(shared)))
}

async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(120), "{what}: not within two minutes");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_go_on_while_valkey_is_killed_and_started_again() {
    let valkey = Server::valkey();
    let evident = Evident::start_with([
        ("EVIDENT_ADMIN_EMAIL", ADMIN),
        ("EVIDENT_ADMIN_PASSWORD", PASSWORD),
        ("EVIDENT_REDIS_URL", valkey.url()),
    ]);
    until("Valkey is there", async || shared(&evident, true).await).await;
    let id = evident.register("ada@example.com").await;
    let token = evident.token("ada@example.com").await;
    let (answered, enough) = (AtomicU64::new(0), AtomicBool::new(false));
    let asking = async |write: bool| {
        while !enough.load(Ordering::SeqCst) {
            let request = match write {
                true => evident
                    .request(Method::PUT, &format!("/users/{id}"))
                    .json(&json!({"display_name": "Ada"})),
                false => evident.request(Method::GET, "/auth/me"),
            };
            let answer = request.bearer_auth(&token).send().await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::OK);
            let body: Value = answer.json().await.expect("JSON");
            assert!(body.is_object());
            answered.fetch_add(1, Ordering::SeqCst);
            // Two who write so often stay below fifty commands a second.
            tokio::time::sleep(Duration::from_millis(if write { 50 } else { 1 })).await;
        }
    };
    let more = async |count: u64| {
        let from = answered.load(Ordering::SeqCst);
        until("they go on", async || answered.load(Ordering::SeqCst) >= from + count).await;
    };
    let outage = async {
        more(200).await;
        valkey.kill();
        // Each learns it when it asks: the limits by a command, the answers by a session that nobody has asked about yet.
        until("it is known to be away", async || {
            let other = evident.token("ada@example.com").await;
            let me =
                evident.request(Method::GET, "/auth/me").bearer_auth(&other).send().await.expect("an answer");
            assert_eq!(me.status(), StatusCode::OK);
            shared(&evident, false).await
        })
        .await;
        more(200).await;
        valkey.restart();
        until("it is back", async || shared(&evident, true).await).await;
        more(200).await;
        enough.store(true, Ordering::SeqCst);
    };
    // How long anybody waits at most is held in service/src/shared/tests, where nothing else takes time.
    tokio::join!(outage, asking(false), asking(true), asking(true));
}
