//! A command side of one's own for each test: HTTP goes in, facts come out. It stands on SQLite, or on PostgreSQL when
//! `EVIDENT_TEST_STORES=postgres` says so.

use crate::place::Place;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, request::Builder},
};
use command_api::{App, hashing::Limits};
use events::{
    Actor, Draft, EventId, Fact, Position, Record, RequestContext, Salt, SessionId, StreamName, Timestamp,
    UserId, Version,
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use service::{
    clock::{Clock, Entropy},
    config::{Argon2Params, Config, Environment},
};
use std::{sync::Arc, time::Duration};
use store::{
    log::{Log, Stored},
    vault::{MasterKey, Scope, Vault},
};
use tower::ServiceExt;
use utoipa::openapi::OpenApi;

/// What everybody here signs in with.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// 2026-11-24, at noon.
const NOON: Timestamp = Timestamp::from_micros(1_795_521_600_000_000);

/// How long a password may wait to be hashed, which here says nothing about the product.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running command side over stores of its own.
pub(crate) struct House {
    pub(crate) app: App,
    pub(crate) log: Log,
    pub(crate) vault: Vault,
    pub(crate) clock: Clock,
    router: Router,
    place: Arc<Place>,
}

/// What is answered to all of these, of which twenty at most are under way at a time: where each waits for one account, the
/// last of more would wait for longer than a connection to the database is waited for.
pub(crate) async fn crowd<F: Future>(asked: impl Iterator<Item = F>) -> Vec<F::Output> {
    stream::iter(asked).buffer_unordered(20).collect().await
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Guest {
    pub(crate) id: UserId,
    pub(crate) session: SessionId,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

/// A request on its way.
pub(crate) struct Asking<'a> {
    house: &'a House,
    request: Builder,
    body: Vec<u8>,
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let place = Arc::new(Place::new());
        Log::migrate(&place.log_url).await.expect("the log is made");
        Vault::migrate(&place.vault_url).await.expect("the vault is made");
        Self::open(place, Clock::set_to(NOON), change).await
    }

    /// Another process on the same stores.
    pub(crate) async fn beside(&self) -> Self {
        Self::open(Arc::clone(&self.place), self.clock.clone(), |_| {}).await
    }

    /// Stops, and starts again on the same stores.
    pub(crate) async fn reopened(self, change: impl FnOnce(&mut Config)) -> Self {
        self.settle().await;
        self.log.close().await;
        self.vault.close().await;
        Self::open(self.place, self.clock, change).await
    }

    async fn open(place: Arc<Place>, clock: Clock, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::read(&Environment::of([])).expect("the defaults are right");
        // As little work as Argon2 can be: what is tested here is not its strength.
        config.argon2 = Argon2Params { memory_kib: 8, iterations: 1, parallelism: 1 };
        change(&mut config);
        let log = Log::open(&place.log_url).await.expect("the log opens");
        let vault =
            Vault::open(&place.vault_url, MasterKey::from_bytes([7; 32])).await.expect("the vault opens");
        // Nor is it how hashing gives way: beside busy programs, whoever is put last may wait for minutes.
        let limits = Limits { patience: PATIENCE, behind_all: false, ..Limits::default() };
        let (log_too, vault_too, entropy) = (log.clone(), vault.clone(), Entropy::System);
        let app = App::start_with(log_too, vault_too, &config, clock.clone(), entropy, limits).await;
        let app = app.expect("the command side starts");
        let (router, _) = command_api::router(app.clone()).split_for_parts();
        Self { app, log, vault, clock, router, place }
    }

    /// The routes, to be served in another way.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// What the routes say of themselves.
    pub(crate) fn document(&self) -> OpenApi {
        command_api::router(self.app.clone()).split_for_parts().1
    }

    /// All that log and vault keep, as bytes.
    pub(crate) fn kept(&self) -> Vec<u8> {
        self.place.kept()
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> Asking<'_> {
        let request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        Asking { house: self, request, body: vec![] }
    }

    pub(crate) fn post(&self, path: &str) -> Asking<'_> {
        self.ask(Method::POST, path)
    }

    pub(crate) fn put(&self, path: &str) -> Asking<'_> {
        self.ask(Method::PUT, path)
    }

    pub(crate) fn patch(&self, path: &str) -> Asking<'_> {
        self.ask(Method::PATCH, path)
    }

    pub(crate) fn delete(&self, path: &str) -> Asking<'_> {
        self.ask(Method::DELETE, path)
    }

    /// Registers somebody and signs them in.
    pub(crate) async fn guest(&self, email: &str) -> Guest {
        let body = json!({ "email": email, "password": PASSWORD });
        self.post("/auth/register").json(body).send().await.must_be(201);
        self.signed_in(email).await
    }

    /// The first admin, signed in.
    pub(crate) async fn admin(&self) -> Guest {
        let email = "root@admins.example";
        command_api::bootstrap_admin(&self.app, email, PASSWORD).await.expect("the first admin is made");
        self.signed_in(email).await
    }

    /// Somebody who has this role beside `user`, signed in.
    pub(crate) async fn guest_with(&self, admin: &Guest, email: &str, role: &str) -> Guest {
        let guest = self.guest(email).await;
        self.put(&format!("/users/{}/roles/{role}", guest.id)).by(admin).send().await.must_be(204);
        guest
    }

    /// Signs somebody in.
    pub(crate) async fn signed_in(&self, email: &str) -> Guest {
        self.login(email, PASSWORD).await.must_be(200).guest()
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Answer {
        self.post("/auth/login").json(json!({ "email": email, "password": password })).send().await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.post("/auth/refresh").json(json!({ "refresh_token": token })).send().await
    }

    /// A command that only somebody who is signed in gets 422 or 2xx for; 401 tells that they are not.
    pub(crate) async fn is_signed_in(&self, guest: &Guest) -> bool {
        let answer = self.put(&format!("/users/{}", guest.id)).by(guest).json(json!({})).send().await;
        assert!([401, 422].contains(&answer.status.as_u16()), "{answer:?}");
        answer.status == StatusCode::UNPROCESSABLE_ENTITY
    }

    /// Waits for what is done after answers.
    pub(crate) async fn settle(&self) {
        self.app.drain().await;
    }

    pub(crate) async fn stored(&self, stream: &StreamName) -> Vec<Stored> {
        self.log.read_stream(stream, Version::NONE).await.expect("the stream is read")
    }

    /// The facts of a stream, opened with every key that there is.
    pub(crate) async fn facts(&self, stream: &StreamName) -> Vec<Fact> {
        let stored = self.stored(stream).await;
        let keys: Vec<_> = stored.iter().flat_map(|stored| stored.record.keys()).collect();
        let keyring = self.vault.keyring(&keys, Scope::All).await.expect("keys are loaded");
        let fact = |stored: &Stored| stored.record.fact(|context, sealed| keyring.open(context, sealed));
        stored.iter().map(|stored| fact(stored).expect("the record holds a fact")).collect()
    }

    /// Appends a fact past all rules, as a process does that is killed before it can do more.
    pub(crate) async fn append_by_hand(&self, stream: StreamName, after: Version, fact: Fact) {
        let record = self.by_hand(stream.clone(), after, fact);
        self.log.append(&stream, after, vec![record]).await.expect("appended");
    }

    /// Appends a fact of a type that no version so far knows.
    pub(crate) async fn append_unreadable(&self, stream: StreamName, after: Version) {
        let record = self.by_hand(stream.clone(), after, Fact::UserErased);
        let text = String::from_utf8(record.bytes().to_vec()).expect("JSON");
        let text = text.replace(Fact::UserErased.event_type(), "user.teleported.v9");
        let record = Record::parse(text.into()).expect("its attributes are ours");
        self.log.append(&stream, after, vec![record]).await.expect("appended");
    }

    fn by_hand(&self, stream: StreamName, after: Version, fact: Fact) -> Record {
        let context = RequestContext {
            actor: Actor::System,
            correlation_id: "by-hand".into(),
            causation_id: None,
            traceparent: None,
        };
        let draft = Draft {
            id: EventId(Entropy::System.uuid_v7(self.clock.now())),
            log: self.log.id(),
            time: self.clock.now(),
            stream,
            version: after.next(),
            context,
            salt: Salt(Entropy::System.bytes()),
            person: None,
            fact,
        };
        draft.write(|_, _| vec![]).expect("a record")
    }

    /// The types of a stream's records, without their versions.
    pub(crate) async fn told(&self, stream: &StreamName) -> Vec<String> {
        types(self.stored(stream).await)
    }

    pub(crate) async fn told_of(&self, user: UserId) -> Vec<String> {
        self.told(&StreamName::user(user)).await
    }

    /// The types of all records in the log.
    pub(crate) async fn all_told(&self) -> Vec<String> {
        types(self.log.read_all(Position::START, 10_000).await.expect("the log is read"))
    }
}

fn types(stored: Vec<Stored>) -> Vec<String> {
    stored.into_iter().map(|stored| stored.record.event_type.trim_end_matches(".v1").to_owned()).collect()
}

impl Asking<'_> {
    pub(crate) fn by(self, guest: &Guest) -> Self {
        self.bearer(&guest.access_token)
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn json(self, body: Value) -> Self {
        self.raw("application/json", body.to_string().as_bytes())
    }

    pub(crate) fn raw(mut self, content_type: &str, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self.header("content-type", content_type)
    }

    pub(crate) async fn send(self) -> Answer {
        // As every client does that has its body at hand; without it a file takes the room of the longest that there may be.
        let request = self.request.header("content-length", self.body.len());
        let request = request.body(Body::from(self.body)).expect("a request");
        let Ok(response) = self.house.router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.expect("a body").to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }
}

impl Answer {
    /// The same, once it is known to be what was expected.
    #[track_caller]
    pub(crate) fn must_be(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.bytes));
        self
    }

    /// The same, once it is known to be this problem.
    #[track_caller]
    pub(crate) fn must_say(self, status: u16, code: &str) -> Self {
        let answer = self.must_be(status);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert_eq!(answer.body()["code"], code);
        answer
    }

    /// The same, once it is known to refuse this field for this.
    #[track_caller]
    pub(crate) fn must_refuse(self, pointer: &str, code: &str) -> Self {
        let answer = self.must_say(422, "validation");
        let errors = answer.body()["errors"].as_array().cloned().unwrap_or_default();
        let found = errors.iter().any(|error| error["pointer"] == pointer && error["code"] == code);
        assert!(found, "{pointer} {code} is not in {errors:?}");
        answer
    }

    pub(crate) fn body(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("the answer is JSON")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("the header is text"))
    }

    /// Whoever these tokens are for.
    pub(crate) fn guest(&self) -> Guest {
        let body = self.body();
        let text = |field: &str| body[field].as_str().expect("a text").to_owned();
        Guest {
            id: body["user"]["id"].as_str().expect("an id").parse().expect("an id"),
            session: text("session_id").parse().expect("an id"),
            access_token: text("access_token"),
            refresh_token: text("refresh_token"),
        }
    }
}
