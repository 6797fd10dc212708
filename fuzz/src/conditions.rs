//! Headers that change what a request means.

#![no_main]

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use events::Version;
use futures_util::FutureExt;
use http::{
    HeaderValue, Request,
    header::{AUTHORIZATION, IF_MATCH, IF_NONE_MATCH, USER_AGENT},
};
use libfuzzer_sys::fuzz_target;
use service::{
    caller::bearer,
    device::Device,
    extract::{IdempotencyKey, IfMatch, RequestInfo, etag, unchanged},
};

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let request = Request::get("/")
        .header(IF_MATCH, &value)
        .header(IF_NONE_MATCH, &value)
        .header(AUTHORIZATION, &value)
        .header("idempotency-key", &value)
        .header("traceparent", &value)
        .header(USER_AGENT, &value);
    let Ok(request) = request.body(()) else { return };
    let (mut parts, ()) = request.into_parts();
    if let Some(Ok(wanted)) = IfMatch::from_request_parts(&mut parts, &()).now_or_never() {
        // Nobody who names a version is admitted to what is not there.
        assert!(wanted == IfMatch::Absent || wanted.must_admit(Version::NONE).is_err() || bytes.contains(&b'0'));
    }
    let _ = unchanged(&parts.headers, Version(7));
    if value == etag(Version(7)) {
        assert!(unchanged(&parts.headers, Version(7)));
    }
    let _ = bearer(&parts.headers);
    let key = <IdempotencyKey as OptionalFromRequestParts<()>>::from_request_parts(&mut parts, &()).now_or_never();
    if let Some(Ok(Some(key))) = key {
        assert!((1..=255).contains(&key.0.len()));
    }
    if let Some(Ok(info)) = RequestInfo::from_request_parts(&mut parts, &()).now_or_never() {
        assert!(info.user_agent.as_ref().is_none_or(|agent| agent.len() <= 512));
        let _ = Device::of(info.user_agent.as_deref());
    }
});
