//! Everybody who asks, and those whom they ask about.

use super::{request, table::Operation};
use crate::support::{ADMIN, Answered, Evident, patiently_sent};
use events::{Permission, Timestamp};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// Whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// Without a token.
    Nobody,
    /// A person without a role beside `user`, about themselves.
    Oneself,
    /// The same, about somebody else.
    Another,
    /// An auditor, about somebody else.
    Auditor,
    /// An admin, about somebody else.
    Admin,
    /// Somebody whose only role permits this alone, about somebody else.
    Only(Permission),
    /// A program whose key permits everything.
    Key,
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) id: String,
    pub(super) email: String,
    pub(super) session: String,
    pub(super) refresh_token: String,
    token: String,
}

/// The running product and who is on it.
pub(super) struct Stage {
    pub(super) evident: Evident,
    admin: Person,
    key: String,
    /// Those who stay: nothing that they do ends them.
    people: BTreeMap<String, Person>,
    /// Somebody else, with a session to end.
    other: Person,
    made: usize,
    /// What every query waits for: the last command.
    position: String,
}

impl Stage {
    pub(super) async fn new(evident: Evident) -> Self {
        let admin = Person::from(evident.login(ADMIN).await, ADMIN);
        let (other, key) = (admin.clone(), String::new());
        let mut stage =
            Self { evident, admin, key, people: BTreeMap::new(), other, made: 0, position: String::new() };
        stage.other = stage.person(None).await;
        let everything: Vec<_> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
        let account = stage.service_account(&everything).await;
        stage.key = stage.api_key(&account, &everything).await["key"].as_str().expect("a key").to_owned();
        stage.role("plain", &[]).await;
        for permission in Permission::ALL {
            stage.role(&only(permission), &[permission.as_str()]).await;
        }
        stage
    }

    /// What is answered when this caller asks for this.
    pub(super) async fn tried(&mut self, operation: &Operation, caller: Caller) -> StatusCode {
        let person = self.caller(operation, caller).await;
        let about = match (&person, caller) {
            (Some(person), Caller::Oneself) => person.clone(),
            _ => self.somebody_else(operation).await,
        };
        let (path, body) = request::of(self, operation, person.as_ref(), &about).await;
        let mut request = self.evident.client.request(operation.method.clone(), self.at(&path));
        match (&person, caller) {
            (Some(person), _) => request = request.bearer_auth(&person.token),
            (None, Caller::Key) => request = request.bearer_auth(&self.key),
            (None, _) => {}
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        if let Some((content_type, form)) = request::form(self, operation) {
            request = request.header("Content-Type", content_type).body(form);
        }
        if operation.method == Method::GET {
            request = request.header("Evident-Min-Position", &self.position);
        }
        // An export is only an answer once it was read.
        self.sent(request).await.status
    }

    /// Whoever asks about what is their own may end themselves by it, so they are somebody new each time.
    async fn caller(&mut self, operation: &Operation, caller: Caller) -> Option<Person> {
        let role = match caller {
            Caller::Nobody | Caller::Key => return None,
            Caller::Oneself => return Some(self.person(None).await),
            Caller::Another => None,
            Caller::Auditor => Some("auditor".to_owned()),
            Caller::Admin => Some("admin".to_owned()),
            Caller::Only(permission) => Some(only(permission)),
        };
        if operation.path.starts_with("/api/v1/auth/") {
            return Some(self.person(role.as_deref()).await);
        }
        let name = role.clone().unwrap_or_default();
        if let Some(known) = self.people.get(&name) {
            return Some(known.clone());
        }
        let person = self.person(role.as_deref()).await;
        self.people.insert(name, person.clone());
        Some(person)
    }

    /// Somebody new, without a password where none is needed: hashing takes its time.
    async fn somebody_else(&mut self, operation: &Operation) -> Person {
        if operation.path.starts_with("/api/v1/auth/") {
            return self.person(None).await;
        }
        if operation.path.contains("session") {
            return self.other.clone();
        }
        let email = self.fresh_email();
        let user = self.must(Method::POST, "/users", json!({"email": email})).await;
        Person { id: text(&user, "id"), email, ..self.other.clone() }
    }

    /// Somebody new, who has this role beside `user` and is signed in.
    pub(super) async fn person(&mut self, role: Option<&str>) -> Person {
        let email = self.fresh_email();
        let id = self.evident.register(&email).await;
        if let Some(role) = role {
            self.must(Method::PUT, &format!("/users/{id}/roles/{role}"), Value::Null).await;
        }
        Person::from(self.evident.login(&email).await, &email)
    }

    pub(super) fn fresh_email(&mut self) -> String {
        format!("{}@example.com", self.fresh_name())
    }

    pub(super) fn fresh_name(&mut self) -> String {
        self.made += 1;
        format!("made-{}", self.made)
    }

    pub(super) async fn role(&mut self, name: &str, permissions: &[&str]) {
        self.must(Method::PUT, &format!("/roles/{name}"), json!({"permissions": permissions})).await;
    }

    /// The name of a new hold on a period.
    pub(super) async fn hold(&mut self) -> String {
        let name = self.fresh_name();
        let body = json!({"from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z", "reason": "a claim"});
        self.must(Method::PUT, &format!("/holds/{name}"), body).await;
        name
    }

    /// Places a hold on somebody.
    pub(super) async fn hold_on(&mut self, id: &str) {
        self.must(Method::PUT, &format!("/users/{id}/hold"), json!({"reason": "a claim"})).await;
    }

    /// The id of a new service account.
    pub(super) async fn service_account(&mut self, permissions: &[&str]) -> String {
        let body = json!({"name": "a program", "permissions": permissions});
        text(&self.must(Method::POST, "/service-accounts", body).await, "id")
    }

    /// A new key.
    pub(super) async fn api_key(&mut self, account: &str, permissions: &[&str]) -> Value {
        let path = format!("/service-accounts/{account}/keys");
        let body = json!({"name": "a key", "permissions": permissions, "expires_at": in_an_hour()});
        self.must(Method::POST, &path, body).await
    }

    /// Somebody has a picture.
    pub(super) async fn picture(&mut self, id: &str) {
        let (content_type, form) = request::picture();
        let request = self.evident.request(Method::PUT, &format!("/users/{id}/picture"));
        let request = request.bearer_auth(&self.admin.token).header("Content-Type", content_type);
        let response = self.sent(request.body(form)).await;
        assert!(response.status.is_success(), "{}", response.body);
    }

    /// What the first admin does to prepare.
    async fn must(&mut self, method: Method, path: &str, body: Value) -> Value {
        let mut request = self.evident.request(method, path).bearer_auth(&self.admin.token);
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = self.sent(request).await;
        assert!(response.status.is_success(), "{path}: {}", response.body);
        response.body
    }

    async fn sent(&mut self, request: RequestBuilder) -> Answered {
        let response = patiently_sent(request).await.expect("an answer");
        let position = response.headers.get("evident-position").and_then(|value| value.to_str().ok());
        if let Some(position) = position {
            self.position = position.to_owned();
        }
        response
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.evident.url())
    }
}

impl Person {
    fn from(signed_in: Value, email: &str) -> Self {
        Self {
            id: text(&signed_in["user"], "id"),
            email: email.to_owned(),
            session: text(&signed_in, "session_id"),
            refresh_token: text(&signed_in, "refresh_token"),
            token: text(&signed_in, "access_token"),
        }
    }
}

/// The role that permits this alone.
fn only(permission: Permission) -> String {
    format!("only-{}", permission.as_str().replace(':', "-"))
}

pub(super) fn in_an_hour() -> Timestamp {
    let since_1970 = std::time::UNIX_EPOCH.elapsed().expect("a clock past 1970");
    Timestamp::default().after(since_1970 + Duration::from_secs(3_600))
}

pub(super) fn text(answer: &Value, field: &str) -> String {
    answer[field].as_str().unwrap_or_else(|| panic!("no {field} in {answer}")).to_owned()
}
