//! Whole requests through the frame: whatever comes in, a well-formed answer goes out.

#![no_main]

use axum::{Router, body::Body, routing::get};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header::CONTENT_TYPE};
use libfuzzer_sys::fuzz_target;
use service::{
    clock::Entropy,
    config::{Config, Environment},
    extract::RequestInfo,
    http::{Frame, frame},
    shared::Limiter,
};
use std::sync::LazyLock;
use tower::ServiceExt;

static ROUTES: LazyLock<Router> = LazyLock::new(|| {
    let config = Config::read(&Environment::of([])).unwrap_or_else(|_| std::process::abort());
    let rules = Frame::new(&config, Entropy::System, Limiter::Off);
    frame(Router::new().route("/api/v1/users", get(|info: RequestInfo| async move { info.id })), &rules)
});

/// A method, a path, and headers, a line each.
fn request(text: &[u8]) -> Option<Request<Body>> {
    let mut lines = text.split(|byte| *byte == b'\n');
    let method = Method::from_bytes(lines.next()?).ok()?;
    let uri = Uri::try_from(lines.next()?).ok()?;
    let mut headers = HeaderMap::new();
    for line in lines.take(80) {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        headers.append(name, HeaderValue::from_bytes(&line[colon + 1..]).ok()?);
    }
    let mut request = Request::builder().method(method).uri(uri).body(Body::empty()).ok()?;
    *request.headers_mut() = headers;
    Some(request)
}

fuzz_target!(|text: &[u8]| {
    let Some(request) = request(text) else { return };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else { return };
    let Ok(answer) = runtime.block_on(ROUTES.clone().oneshot(request));
    assert!(answer.status().as_u16() != 500, "{text:?} broke something");
    let error = answer.status().is_client_error();
    let problem = answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json");
    assert!(!error || problem, "{} is no problem", answer.status());
});
