//! A framed router with one route for each rule, and ways to ask it.

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, Method, StatusCode},
    routing::{any, get, post},
};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::Value;
use service::{
    Code, Entropy, Problem,
    cursor::Limit,
    extract::{IdempotencyKey, IfMatch, Json, Path, Query, RequestInfo},
    http::{Frame, Limits, frame},
    shared::Limiter,
};
use std::time::Duration;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// Limits that a test can wait for.
pub(crate) const QUICK: Limits = Limits {
    head: Duration::from_millis(300),
    body: Duration::from_millis(300),
    answer: Duration::from_millis(600),
    drain: Duration::from_secs(5),
    connections: 64,
    connections_per_source: 64,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    name: String,
    #[serde(default)]
    inner: Option<Inner>,
    #[serde(default)]
    list: Vec<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inner {
    #[serde(rename = "a/b~c")]
    odd: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sort {
    Name,
    Age,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    limit: Option<Limit>,
    q: Option<String>,
    sort: Option<Sort>,
    from: Option<events::Position>,
}

#[derive(Debug, thiserror::Error)]
#[error("canary of a cause")]
struct Cause;

pub(crate) fn settings() -> Frame {
    Frame {
        limits: QUICK,
        https: true,
        require_https: false,
        cors_origins: vec!["https://app.example.com".to_owned()],
        trusted_proxies: vec!["10.0.0.0/8".parse().expect("a network")],
        entropy: Entropy::seeded(1),
        limiter: Limiter::Off,
        begun: TaskTracker::new(),
    }
}

pub(crate) fn app() -> Router {
    let routes = Router::new()
        .route("/api/v1/things", get(|| async { "things" }).post(take))
        .route("/api/v1/things/{id}", get(|Path(id): Path<events::UserId>| async move { id.to_string() }))
        .route("/api/v1/forms", post(take).patch(take))
        .route("/api/v1/pages", get(page))
        .route("/api/v1/versions", any(version))
        .route("/api/v1/keys", post(key))
        .route("/api/v1/who", get(who))
        .route("/api/v1/panic", get(panics).post(panics))
        .route("/api/v1/broken", get(|| async { Problem::broken(Cause) }))
        .route("/api/v1/slow", get(std::future::pending::<()>))
        .route("/api/v1/cookie", get(|| async { [("set-cookie", "a=b"), ("cache-control", "public")] }))
        .route("/health", get(|| async { "alive" }))
        .route("/docs/", get(|| async { "docs" }));
    frame(routes, &settings())
}

async fn take(Json(form): Json<Form>) -> String {
    let odd = form.inner.is_some_and(|inner| inner.odd);
    format!("{} {odd} {}", form.name, form.list.len())
}

async fn page(Query(page): Query<Page>) -> String {
    let sort = page.sort.map_or("none", |sort| match sort {
        Sort::Name => "name",
        Sort::Age => "age",
    });
    let from = page.from.unwrap_or_default();
    format!("{} {} {sort} {from}", page.limit.unwrap_or_default().get(), page.q.unwrap_or_default())
}

async fn version(wanted: IfMatch) -> Result<StatusCode, Problem> {
    wanted.must_admit(events::Version(7))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn key(key: Option<IdempotencyKey>) -> String {
    key.map(|key| key.0).unwrap_or_default()
}

async fn who(info: RequestInfo) -> String {
    let ip = info.ip.map(|ip| ip.to_string()).unwrap_or_default();
    let trace = info.traceparent.unwrap_or_default();
    format!("{}|{ip}|{trace}|{}", info.id, info.user_agent.unwrap_or_default().len())
}

async fn panics() -> StatusCode {
    assert!(Code::ALL.is_empty(), "canary of a panic");
    StatusCode::OK
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// The code of the problem that it is; checks that it is one in every respect.
    #[track_caller]
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.body);
        let body = self.json();
        assert_eq!(body["status"], self.status, "{body}");
        assert_eq!(body["request_id"], self.header("x-request-id"), "{body}");
        let code = body["code"].as_str().expect("a code").to_owned();
        assert_eq!(body["type"], format!("urn:evident:problem:{code}"));
        assert!(body["title"].is_string() && body["detail"].is_string(), "{body}");
        for leak in ["line 1", "column", "serde", "expected", "canary", "axum", "hyper"] {
            assert!(!self.body.contains(leak), "{leak}: {body}");
        }
        code
    }

    /// The pointer and the code of the only error.
    #[track_caller]
    pub(crate) fn error(&self) -> (String, String) {
        let body = self.json();
        let errors = body["errors"].as_array().expect("errors");
        assert_eq!(errors.len(), 1, "{body}");
        let text = |name: &str| errors[0][name].as_str().expect("a text").to_owned();
        (text("pointer"), text("code"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a text"))
    }
}

pub(crate) fn request(method: &str, path: &str) -> http::request::Builder {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    Request::builder().method(method).uri(path).header("host", "localhost")
}

pub(crate) async fn send(request: Request) -> Answer {
    let response = app().oneshot(request).await.expect("never fails");
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.expect("a body").to_bytes();
    let body = String::from_utf8(bytes.to_vec()).expect("a text");
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

pub(crate) async fn ask(method: &str, path: &str) -> Answer {
    send(request(method, path).body(Body::empty()).expect("a request")).await
}

pub(crate) async fn ask_with(method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request =
        headers.iter().fold(request(method, path), |request, (name, value)| request.header(*name, *value));
    send(request.body(Body::empty()).expect("a request")).await
}

pub(crate) async fn post_as(media_type: &str, body: impl Into<Body>) -> Answer {
    let request = request("POST", "/api/v1/forms").header("content-type", media_type);
    send(request.body(body.into()).expect("a request")).await
}

pub(crate) async fn post_json(body: impl Into<Body>) -> Answer {
    post_as("application/json", body).await
}
