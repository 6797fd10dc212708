//! The drill of docs/OPERATIONS.md: the three databases are backed up, lost, and restored, each in its own way.

use crate::support::{ADMIN, Evident, PASSWORD, answer, postgres_database};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::{path::Path, process::Command};

/// A backup of one database into a file.
fn back_up(url: &str, file: &Path) {
    run(Command::new("pg_dump").args(["--format=custom", "--file"]).arg(file).arg(url));
}

/// The backup in a new database.
fn restored(file: &Path) -> String {
    let url = postgres_database();
    run(Command::new("pg_restore").args(["--exit-on-error", "--dbname", &url]).arg(file));
    url
}

fn run(command: &mut Command) {
    let done = command.output().expect("PostgreSQL's client programs are installed");
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn succeed(evident: &Evident, arguments: &[&str]) -> String {
    let done = evident.operator(arguments);
    assert!(done.status.success(), "{arguments:?}: {done:?}");
    String::from_utf8(done.stdout).expect("text")
}

async fn registered_as(evident: &Evident, id: &str) -> Value {
    let (status, history) = evident.look(&format!("/audit/events?subject=user-{id}")).await;
    assert_eq!(status, StatusCode::OK, "{history}");
    history["items"].as_array().expect("items").last().expect("the first event")["data"]["profile"].clone()
}

#[tokio::test]
async fn what_is_lost_comes_back_and_who_was_erased_does_not() {
    let databases = [postgres_database(), postgres_database(), postgres_database()];
    let names = ["EVIDENT_LOG_URL", "EVIDENT_VAULT_URL", "EVIDENT_READ_URL"];
    let stores = names.into_iter().zip(databases.iter().map(String::as_str));
    let admin = [("EVIDENT_ADMIN_EMAIL", ADMIN), ("EVIDENT_ADMIN_PASSWORD", PASSWORD)];
    let mut evident = Evident::start_with(stores.chain(admin));
    evident.register("ada@example.com").await;
    let bob = evident.register("bob@example.com").await;

    // The nightly backup: the vault first, then the log, so that the log never knows less than the vault.
    let backups = tempfile::tempdir().expect("a temporary folder");
    let backup = |name: &str| backups.path().join(name);
    for (name, url) in ["log", "vault"].into_iter().zip(&databases).rev() {
        back_up(url, &backup(name));
    }
    // After it somebody is erased, and somebody comes.
    let token = evident.token(ADMIN).await;
    let erasure = evident.request(Method::POST, &format!("/users/{bob}/erasure")).bearer_auth(&token);
    assert_eq!(answer(erasure).await.0, StatusCode::ACCEPTED);
    evident.register("carol@example.com").await;
    assert!(evident.terminate().success());

    // The vault is lost. Its backup still holds Bob's keys; the log says who is erased, before anybody is served.
    evident.set("EVIDENT_VAULT_URL", &restored(&backup("vault")));
    assert!(succeed(&evident, &["erasures", "replay"]).starts_with("1 erased people have no keys"));
    evident.restart();
    assert_eq!(registered_as(&evident, &bob).await, json!({"erased": true}));
    evident.token("ada@example.com").await;
    assert!(evident.terminate().success());

    // The read models are lost. They are a fold: an empty database is filled by itself.
    evident.set("EVIDENT_READ_URL", &postgres_database());
    evident.restart();
    assert_eq!(registered_as(&evident, &bob).await, json!({"erased": true}));
    succeed(&evident, &["rebuild", "--check"]);
    assert!(evident.terminate().success());

    // The log is lost, and its backup is older than what the read models show: nothing goes on as if nothing were.
    evident.set("EVIDENT_LOG_URL", &restored(&backup("log")));
    let doctor = evident.operator(&["doctor"]);
    assert!(!doctor.status.success(), "{doctor:?}");
    assert!(
        String::from_utf8_lossy(&doctor.stdout).contains("the log was restored behind them"),
        "{doctor:?}"
    );
    // With read models of its own the older log is whole, and says what it said on that night.
    evident.set("EVIDENT_READ_URL", &postgres_database());
    evident.restart();
    assert_eq!(evident.look("/users").await.0, StatusCode::OK, "they are filled");
    succeed(&evident, &["rebuild", "--check"]);
    evident.token("ada@example.com").await;
    let (status, _) =
        evident.post("/auth/login", json!({"email": "carol@example.com", "password": PASSWORD})).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "she came after the backup");
}
