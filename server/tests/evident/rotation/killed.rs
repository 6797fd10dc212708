//! The replacing of a key killed in the middle: everything stays readable, and said again it goes on to the end.

use crate::support::{ADMIN, Evident, PASSWORD, answer, postgres_database};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::{
    fmt::Write,
    fs,
    io::{BufRead, BufReader},
    process::Stdio,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

const IMPORTED: usize = 400;
const KILLS: u64 = 40;
const FIRST_ADMIN: [(&str, &str); 2] = [("EVIDENT_ADMIN_EMAIL", ADMIN), ("EVIDENT_ADMIN_PASSWORD", PASSWORD)];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_on_sqlite_everything_is_readable_and_it_goes_on() {
    killed_in_the_middle(Evident::start()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_on_postgresql_everything_is_readable_and_it_goes_on() {
    let database = postgres_database();
    let stores = ["EVIDENT_LOG_URL", "EVIDENT_VAULT_URL", "EVIDENT_READ_URL"].map(|name| (name, &*database));
    killed_in_the_middle(Evident::start_with(stores.into_iter().chain(FIRST_ADMIN))).await;
}

async fn killed_in_the_middle(mut evident: Evident) {
    let people = ["ada@example.com", "bob@example.com"];
    for person in people {
        evident.register(person).await;
    }
    let mut file = String::from("email,display_name\n");
    for number in 0..IMPORTED {
        writeln!(file, "person-{number}@example.com,Person {number}").expect("written");
    }
    fs::write(evident.folder().join("people.csv"), file).expect("written");
    assert!(imported(&evident).starts_with("400 were imported"));
    let gone = erased(&evident).await;

    kill(&evident, "master", |listed| {
        let counts: Vec<_> = listed.lines().filter(|line| line.starts_with("master ")).collect();
        counts.len() == 2 && counts.iter().all(|line| !line.contains(": 0 keys"))
    });
    everything_is_readable(&evident, &people).await;
    // Whoever starts in the middle serves everybody, too.
    assert!(evident.terminate().success());
    evident.restart();
    everything_is_readable(&evident, &people).await;
    let said = succeed(&evident, &["keys", "rotate", "master"]);
    assert!(said.contains("wraps everything"), "{said}");
    let key = fs::read_to_string(evident.folder().join("data/master.key")).expect("a key");
    assert_eq!(key.lines().count(), 1, "the old one is in a file of its own");

    kill(&evident, "index", |listed| listed.contains("its hashes are being filled in"));
    everything_is_readable(&evident, &people).await;
    let said = succeed(&evident, &["keys", "rotate", "index"]);
    assert!(said.contains("old hashes are gone"), "{said}");

    assert!(evident.terminate().success());
    evident.restart();
    everything_is_readable(&evident, &people).await;
    assert!(imported(&evident).starts_with("0 were imported, 400 were there already"));
    let (_, gone) = evident.look(&format!("/users/{gone}")).await;
    assert_eq!((&gone["status"], &gone["email"]), (&json!("erased"), &Value::Null), "nobody comes back");
    succeed(&evident, &["rebuild", "--check"]);
}

fn succeed(evident: &Evident, arguments: &[&str]) -> String {
    let done = tokio::task::block_in_place(|| evident.operator(arguments));
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&done.stderr));
    said
}

fn imported(evident: &Evident) -> String {
    succeed(evident, &["import", "users", "people.csv"])
}

/// Erases one of those who were imported.
async fn erased(evident: &Evident) -> String {
    let admin = evident.token(ADMIN).await;
    let (status, found) = evident.look("/users?q=person-7@example.com").await;
    assert_eq!(status, StatusCode::OK, "{found}");
    let id = found["items"][0]["id"].as_str().expect("an id").to_owned();
    let erasure = evident.request(Method::POST, &format!("/users/{id}/erasure")).bearer_auth(&admin);
    let (status, problem) = answer(erasure).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{problem}");
    id
}

/// Begins to replace a key and kills it, a moment later each time, until it was in the middle.
fn kill(evident: &Evident, key: &str, in_the_middle: impl Fn(&str) -> bool) {
    for kill in 0..KILLS {
        let mut rotating = evident.command(&["keys", "rotate", key]);
        let mut rotating = rotating.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("evident");
        // The first line is said when the first step is taken.
        let mut line = String::new();
        let mut said = BufReader::new(rotating.stdout.take().expect("standard output"));
        said.read_line(&mut line).expect("a line");
        std::thread::sleep(Duration::from_millis(4 * kill));
        rotating.kill().expect("SIGKILL");
        rotating.wait().expect("a dead process");
        if in_the_middle(&succeed(evident, &["keys", "list"])) {
            return;
        }
    }
    panic!("{KILLS} kills, and none was in the middle");
}

async fn everything_is_readable(evident: &Evident, people: &[&str]) {
    for person in people {
        let who = json!({"email": person, "password": PASSWORD});
        evident.token(person).await;
        let (status, refused) = evident.post("/auth/register", who).await;
        assert_eq!(status, StatusCode::CONFLICT, "{refused}");
    }
    let (status, found) = evident.look("/users?q=person-399@example.com").await;
    assert_eq!(
        (status, &found["items"][0]["display_name"]),
        (StatusCode::OK, &json!("Person 399")),
        "{found}"
    );
    let (status, shown) = evident.look("/audit/events?type=user.registered.").await;
    assert_eq!(status, StatusCode::OK, "{shown}");
    let mut emails = shown["items"].as_array().expect("items").iter();
    assert!(emails.all(|event| event["data"]["profile"]["email"].is_string()), "{shown}");
    // Somebody new can come, too, and is wrapped and hashed as it is right at this moment.
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let new = format!("new-{}@example.com", NEXT.fetch_add(1, Ordering::Relaxed));
    evident.register(&new).await;
    evident.token(&new).await;
}
