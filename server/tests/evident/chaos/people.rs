//! People who keep changing their names, remember what was acknowledged, and look at it at once, elsewhere.

use super::dice::Dice;
use crate::support::{PASSWORD, patiently};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// How long somebody waits for an answer before they try elsewhere.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long they rest after nobody answered.
const REST: Duration = Duration::from_millis(25);

/// Where the services are.
pub(super) struct Addresses {
    pub(super) commands: [String; 2],
    pub(super) queries: [String; 2],
}

/// Somebody who keeps changing their name.
pub(super) struct Person {
    client: Client,
    id: String,
    token: String,
    tally: Tally,
    /// What was acknowledged to anybody.
    acknowledged: Arc<AtomicU64>,
}

/// What one of them has seen.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) stream: String,
    /// Changes that were acknowledged.
    pub(super) acknowledged: u64,
    /// Tries that got no answer, or one to try again.
    pub(super) tried_again: u64,
    /// Reads with the position of the last change that were answered …
    pub(super) read: u64,
    /// … and those that were turned away, which may be, while things die.
    pub(super) turned_away: u64,
}

/// Registers people and signs them in.
pub(super) async fn gather(
    addresses: &Addresses,
    count: usize,
    acknowledged: &Arc<AtomicU64>,
) -> Vec<Person> {
    // Nothing dies yet, and hashing passwords takes its time on a machine that has other things to do.
    let patient = Client::new();
    let client = Client::builder().timeout(PATIENCE).build().expect("a client");
    let commands = &addresses.commands[0];
    let mut people = Vec::with_capacity(count);
    for number in 0..count {
        let email = format!("person-{number}@example.com");
        let credentials = json!({"email": email, "password": PASSWORD});
        let post = async |path: &str, expected| {
            let asked =
                patient.post(format!("{commands}/api/v1/auth/{path}")).header("Idempotency-Key", &email);
            let (status, body) = patiently(asked.json(&credentials)).await;
            assert_eq!(status, expected, "{path}: {body}");
            body
        };
        post("register", StatusCode::CREATED).await;
        let signed_in = post("login", StatusCode::OK).await;
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let id = text(&signed_in["user"]["id"]);
        let tally = Tally { stream: format!("user-{id}"), ..Tally::default() };
        let (client, acknowledged) = (client.clone(), Arc::clone(acknowledged));
        people.push(Person { client, id, token: text(&signed_in["access_token"]), tally, acknowledged });
    }
    people
}

impl Person {
    /// Changes and looks, changes and looks. A change that was begun is repeated until it is acknowledged.
    pub(super) async fn live(
        mut self,
        addresses: Arc<Addresses>,
        mut dice: Dice,
        enough: CancellationToken,
    ) -> Tally {
        while !enough.is_cancelled() {
            let name = format!("Name {}", self.tally.acknowledged);
            let position = self.change(&addresses, &mut dice, &name).await;
            self.tally.acknowledged += 1;
            self.acknowledged.fetch_add(1, Ordering::SeqCst);
            self.look(&addresses, &mut dice, &name, &position).await;
        }
        self.tally
    }

    /// Says the change, wherever somebody answers, under one key: until it is acknowledged.
    async fn change(&mut self, addresses: &Addresses, dice: &mut Dice, name: &str) -> String {
        loop {
            let commands = dice.either(&addresses.commands);
            let sent = self
                .client
                .patch(format!("{commands}/api/v1/users/{}", self.id))
                .bearer_auth(&self.token)
                .header("Idempotency-Key", format!("change-{}", self.tally.acknowledged))
                .json(&json!({"display_name": name}))
                .send()
                .await;
            match sent {
                Ok(answer) if answer.status() == StatusCode::OK => return position(&answer),
                Ok(answer) => {
                    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{:?}", answer.text().await)
                }
                Err(_) => {}
            }
            self.tally.tried_again += 1;
            tokio::time::sleep(REST).await;
        }
    }

    /// Looks once at what was just changed: whoever answers must not answer from before.
    async fn look(&mut self, addresses: &Addresses, dice: &mut Dice, name: &str, position: &str) {
        let queries = dice.either(&addresses.queries);
        let asked = self
            .client
            .get(format!("{queries}/api/v1/users/{}", self.id))
            .bearer_auth(&self.token)
            .header("Evident-Min-Position", position)
            .send()
            .await;
        let Ok(answer) = asked else {
            self.tally.turned_away += 1;
            return;
        };
        let status = answer.status();
        // A body that was cut off says nothing.
        let Ok(body) = answer.json::<Value>().await else {
            self.tally.turned_away += 1;
            return;
        };
        match status {
            StatusCode::OK => {
                assert_eq!(body["display_name"], name, "{} read its own write from before", self.id);
                self.tally.read += 1;
            }
            StatusCode::SERVICE_UNAVAILABLE => self.tally.turned_away += 1,
            other => panic!("{other}: {body}"),
        }
    }
}

fn position(answer: &Response) -> String {
    answer.headers()["evident-position"].to_str().expect("a position").to_owned()
}
