//! What every answer has: problems told as problems, and the headers that keep browsers from harm.

use super::admission::X_REQUEST_ID;
use crate::problem::{Code, Problem};
use axum::{body::Body, response::Response};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{
        CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
        SET_COOKIE, STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS,
    },
};

/// An answer that is an error and not yet a problem (a missing route, a wrong method, a library's refusal) becomes one;
/// one that is gets the request's id. Its own headers, such as `Allow`, stay.
pub(super) fn as_problem(mut response: Response, request_id: &str) -> (Response, Option<Problem>) {
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if speaks_for_itself(&response) => return (response, None),
        None => Problem::new(code_of(response.status())),
    };
    *response.status_mut() = problem.code().status();
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    for (name, value) in problem.headers() {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    if matches!(problem.code(), Code::RequestTimeout | Code::ContentTooLarge | Code::HttpsRequired) {
        // What is left of the body would be read as the next request; and nothing more should come in the clear.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    *response.body_mut() = Body::from(problem.body(Some(request_id)));
    (response, Some(problem))
}

/// Successes do; so does an error that a handler wrote as JSON, like that of readiness.
fn speaks_for_itself(response: &Response) -> bool {
    let error = response.status().is_client_error() || response.status().is_server_error();
    let media_type = response.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    !error || (media_type.starts_with(b"application/") && media_type.ends_with(b"json"))
}

/// The general code of a status that was answered without one.
fn code_of(status: StatusCode) -> Code {
    match status.as_u16() {
        401 => Code::Unauthenticated,
        403 => Code::Forbidden,
        404 => Code::NotFound,
        405 => Code::MethodNotAllowed,
        406 => Code::NotAcceptable,
        408 => Code::RequestTimeout,
        409 => Code::Conflict,
        412 => Code::PreconditionFailed,
        413 => Code::ContentTooLarge,
        414 => Code::UriTooLong,
        415 => Code::UnsupportedMediaType,
        422 => Code::Validation,
        429 => Code::TooManyRequests,
        431 => Code::HeadersTooLarge,
        503 => Code::Unavailable,
        500.. => Code::Internal,
        _ => Code::MalformedRequest,
    }
}

const CROSS_ORIGIN_OPENER_POLICY: &str = "cross-origin-opener-policy";
const PERMISSIONS_POLICY: &str = "permissions-policy";
/// Nothing here looks, listens, locates or pays.
const NO_PERMISSIONS: &str =
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";
const CROSS_ORIGIN_RESOURCE_POLICY: &str = "cross-origin-resource-policy";
/// An API's answers are no pages.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";
/// The docs page's scripts are its own; it colours itself inline, and draws its icons from data.
const DOCS: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// How answers are dressed.
pub(super) struct Dress {
    pub(super) https: bool,
}

impl Dress {
    /// Adds what every answer has. What a handler said itself, as of its caching, stands.
    pub(super) fn dress(&self, headers: &mut HeaderMap, request_id: &HeaderValue, docs: bool) {
        headers.reserve(11);
        headers.insert(X_REQUEST_ID, request_id.clone());
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(PERMISSIONS_POLICY, HeaderValue::from_static(NO_PERMISSIONS));
        headers.append(VARY, HeaderValue::from_static("Origin, Authorization, Cookie"));
        if headers.contains_key(SET_COOKIE) {
            // Whoever else got this answer out of a cache would be signed in as somebody.
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        }
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        let policy = if docs { DOCS } else { NOTHING };
        headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(policy));
        if self.https {
            let a_year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
            headers.insert(STRICT_TRANSPORT_SECURITY, a_year);
        }
    }
}
