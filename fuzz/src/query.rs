//! Query parameters: read or refused.

#![no_main]

use axum::extract::FromRequestParts;
use futures_util::FutureExt;
use http::{Request, Uri};
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use service::extract::Query;

/// One of every kind of parameter that queries have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "that it can be read is all that is asked")]
struct Parameters {
    q: Option<String>,
    limit: Option<u16>,
    flag: Option<bool>,
    r#type: Option<String>,
}

fuzz_target!(|text: &str| {
    let Ok(uri) = format!("/api/v1/users?{text}").parse::<Uri>() else { return };
    let Ok(request) = Request::get(uri).body(()) else { return };
    let (mut parts, ()) = request.into_parts();
    let read = Query::<Parameters>::from_request_parts(&mut parts, &()).now_or_never();
    assert!(read.is_some(), "nothing here waits");
});
