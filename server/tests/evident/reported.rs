//! What is reported of a process that is broken, to a collector that speaks Sentry's protocol; and what is not.

use crate::support::{ADMIN, Evident, PASSWORD, answer, postgres_database};
use axum::{Router, extract::Path, http::HeaderMap, routing::post};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};
use tokio::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(30);

/// Takes envelopes; gives a DSN that leads to it, and what comes.
async fn collector() -> (String, mpsc::UnboundedReceiver<(String, String, String)>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (sender, came) = mpsc::unbounded_channel();
    let take = move |Path(project): Path<String>, headers: HeaderMap, body: String| async move {
        let auth = headers["x-sentry-auth"].to_str().expect("a text").to_owned();
        drop(sender.send((project, auth, body)));
    };
    let routes = Router::new().route("/api/{project}/envelope/", post(take));
    tokio::spawn(async { axum::serve(listener, routes).await });
    (format!("http://abc123@{address}/42"), came)
}

#[tokio::test]
async fn an_error_is_reported_without_what_its_cause_quotes() {
    let (dsn, mut came) = collector().await;
    let models = postgres_database();
    let stores = [("EVIDENT_READ_URL", models.as_str()), ("EVIDENT_SENTRY_DSN", &dsn)];
    let first_admin = [("EVIDENT_ADMIN_EMAIL", ADMIN), ("EVIDENT_ADMIN_PASSWORD", PASSWORD)];
    let mut evident = Evident::start_with(first_admin.into_iter().chain(stores));
    let token = evident.token(ADMIN).await;
    // Whoever projects has nothing more to write, and so holds nobody up, nor is held up.
    assert_eq!(evident.look("/users").await.0, StatusCode::OK);
    let dropped = Command::new("psql")
        .args([&models, "--quiet", "--command", "drop schema evident_read cascade"])
        .stderr(Stdio::null())
        .status();
    assert!(dropped.expect("psql is installed").success());
    let asked = evident.request(Method::GET, "/users").bearer_auth(&token).header("x-request-id", "asked-1");
    let (status, said) = answer(asked).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{said}");

    let (project, auth, body) = tokio::time::timeout(PATIENCE, came.recv())
        .await
        .expect("a report in time")
        .expect("the collector runs");
    assert_eq!(project, "42");
    assert!(auth.contains("sentry_key=abc123") && auth.contains("sentry_version=7"), "{auth}");
    let event: Value = serde_json::from_str(body.lines().nth(2).expect("an event")).expect("JSON");
    assert_eq!(
        (&event["message"]["formatted"], &event["level"]),
        (&"request failed".into(), &"error".into())
    );
    let tags = serde_json::json!({"code": "internal", "request_id": "asked-1", "service": "evident"});
    assert_eq!(event["tags"], tags);
    assert!(!body.contains("relation") && !body.contains(ADMIN), "{body}");
    assert!(evident.terminate().success());
    let log = fs::read_to_string(evident.folder().join("log.jsonl")).expect("a log");
    assert!(log.contains("relation"), "the log does not say why: {log}");
}
