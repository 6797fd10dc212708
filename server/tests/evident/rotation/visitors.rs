//! People who come, sign in, refresh, look, and change, one thing after another, and note whatever did not go as it should.

use crate::support::{PASSWORD, once, patiently, patiently_sent};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio_util::sync::CancellationToken;

/// Where the services are.
pub(super) struct Services {
    pub(super) commands: [String; 2],
    pub(super) queries: String,
    /// How often somebody came and went.
    pub(super) visits: AtomicUsize,
}

/// What one visitor has seen.
#[derive(Default)]
pub(super) struct Seen {
    /// Who has registered.
    pub(super) people: Vec<String>,
    /// What was not answered as it should be.
    pub(super) failed: Vec<String>,
}

/// What an answer said.
struct Answer {
    position: String,
    body: Value,
}

/// Comes as somebody new again and again, until it is enough.
pub(super) async fn visit_until(services: Arc<Services>, number: usize, enough: CancellationToken) -> Seen {
    let mut visit = Visit { services, client: Client::new(), seen: Seen::default() };
    for turn in 0.. {
        if enough.is_cancelled() {
            break;
        }
        if visit.once(&format!("visitor-{number}-{turn}@example.com"), turn).await.is_none() {
            break;
        }
    }
    visit.seen
}

struct Visit {
    services: Arc<Services>,
    client: Client,
    seen: Seen,
}

impl Visit {
    /// `None` when something failed; it is noted then.
    async fn once(&mut self, email: &str, turn: usize) -> Option<()> {
        let [here, there] = [turn, turn + 1].map(|turn| self.services.commands[turn % 2].clone() + "/api/v1");
        let who = json!({"email": email, "password": PASSWORD});
        let post = |client: &Client, url: String, body: &Value| client.post(url).json(body);

        let request =
            post(&self.client, format!("{here}/auth/register"), &who).header("Idempotency-Key", email);
        self.must(request, StatusCode::CREATED, "register").await?;
        self.seen.people.push(email.to_owned());
        let request = post(&self.client, format!("{there}/auth/register"), &who);
        self.must(request, StatusCode::CONFLICT, "register again").await?;
        let request = once(post(&self.client, format!("{there}/auth/login"), &who));
        let signed_in = self.must(request, StatusCode::OK, "sign in").await?.body;
        let refresh = json!({"refresh_token": signed_in["refresh_token"]});
        let request = post(&self.client, format!("{here}/auth/refresh"), &refresh);
        let refreshed = self.must(request, StatusCode::OK, "refresh").await?;
        let token = refreshed.body["access_token"].as_str().unwrap_or_default().to_owned();
        let id = signed_in["user"]["id"].as_str().unwrap_or_default();

        let change = self.client.patch(format!("{there}/users/{id}")).bearer_auth(&token);
        let change = change.json(&json!({"display_name": format!("Visitor {turn}")}));
        let changed = self.must(change, StatusCode::OK, "change").await?;
        let me = self.client.get(format!("{}/api/v1/auth/me", self.services.queries)).bearer_auth(&token);
        let me = me.header("Evident-Min-Position", changed.position);
        let me = self.must(me, StatusCode::OK, "look").await?.body;
        if me["user"]["email"] != email || me["user"]["display_name"] != format!("Visitor {turn}") {
            self.seen.failed.push(format!("{email} is shown as {me}"));
            return None;
        }
        // Somebody from long ago comes from the device that they are known by.
        let first = self.seen.people[0].clone();
        let known = json!({"email": first, "password": PASSWORD, "device_token": signed_in["device_token"]});
        let request = once(post(&self.client, format!("{here}/auth/login"), &known));
        self.must(request, StatusCode::OK, "sign in again").await?;
        self.services.visits.fetch_add(1, Ordering::SeqCst);
        Some(())
    }

    async fn must(&mut self, request: RequestBuilder, status: StatusCode, what: &str) -> Option<Answer> {
        let failed = match patiently_sent(request).await {
            Ok(sent) if sent.status == status => {
                let position = sent.headers.get("evident-position").and_then(|value| value.to_str().ok());
                return Some(Answer { position: position.unwrap_or_default().to_owned(), body: sent.body });
            }
            Ok(sent) => format!("{what}: {} {}", sent.status, sent.body),
            Err(error) => format!("{what}: {error}"),
        };
        self.seen.failed.push(failed);
        None
    }
}

/// Each can sign in, on every command-api, and nobody else can register with their address.
pub(super) async fn everybody_is_there(services: &Services, people: &[String]) {
    let client = Client::new();
    for (number, email) in people.iter().enumerate() {
        let url = format!("{}/api/v1/auth", services.commands[number % 2]);
        let who = json!({"email": email, "password": PASSWORD});
        for (path, status) in [("login", StatusCode::OK), ("register", StatusCode::CONFLICT)] {
            let request = once(client.post(format!("{url}/{path}"))).json(&who);
            let (said, body) = patiently(request).await;
            assert_eq!(said, status, "{email}: {path}: {body}");
        }
    }
}
