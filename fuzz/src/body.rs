//! JSON bodies: read or refused, with a pointer to what is wrong.

#![no_main]

use axum::{body::Body, extract::FromRequest, extract::Request};
use futures_util::FutureExt;
use http::header::CONTENT_TYPE;
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use service::extract::Json;

/// One of every kind of field that bodies have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "that it can be read is all that is asked")]
struct Everything {
    text: String,
    #[serde(default)]
    may_be_absent: Option<String>,
    #[serde(default)]
    list: Vec<String>,
    #[serde(default)]
    number: Option<u16>,
    #[serde(default)]
    inner: Option<Box<Everything>>,
}

fuzz_target!(|bytes: &[u8]| {
    let request = Request::post("/").header(CONTENT_TYPE, "application/json").body(Body::from(bytes.to_vec()));
    let Ok(request) = request else { return };
    // A body that is in memory is there at once, but its deadline wants a runtime.
    let read = futures_util::future::ready(()).then(|()| Json::<Everything>::from_request(request, &()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    if let Ok(runtime) = runtime
        && runtime.block_on(read).is_ok()
    {
        assert!(serde_json::from_slice::<serde_json::Value>(bytes).is_ok(), "what was read is JSON to others, too");
    }
});
