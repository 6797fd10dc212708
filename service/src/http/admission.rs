//! What is looked at before a handler is: form and size of what arrived.

use super::limits::{MAX_HEADER_BYTES, MAX_HEADERS, MAX_URI_BYTES};
use crate::{
    extract::most_bytes,
    problem::{Code, Problem},
};
use axum::extract::{MatchedPath, Request};
use http::{
    HeaderMap, HeaderName, HeaderValue, Version,
    header::{ACCEPT, CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
};

/// Where a client's id for its request stands, and where it is answered.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The media types that the API speaks.
const SPOKEN: [&str; 4] = ["*/*", "application/*", "application/json", "application/problem+json"];

/// What else is spoken on one route. Whoever asks for it may name it alone; a problem is told as JSON all the same.
const ALSO_SPOKEN: [(&str, &[&str]); 2] = [
    ("/api/v1/users/{id}/picture", &["image/*", "image/jpeg", "image/png"]),
    (
        "/api/v1/audit/export",
        &[
            "application/jsonl",
            "application/x-ndjson",
            "application/cloudevents-batch+json",
            "text/*",
            "text/csv",
        ],
    ),
];

/// The id that the client gave, when it is one: 1 to 64 of `A-Za-z0-9_-`.
pub(super) fn offered_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(&X_REQUEST_ID)?;
    let letters = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let fits = (1..=64).contains(&id.len()) && id.as_bytes().iter().all(letters);
    fits.then(|| id.clone())
}

/// Refuses what no handler should have to look at.
pub(super) fn admit(request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    if request.uri().path_and_query().is_some_and(|path| path.as_str().len() > MAX_URI_BYTES) {
        return Err(Problem::new(Code::UriTooLong));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
        return Err(Problem::new(Code::HeadersTooLarge));
    }
    // RFC 9112 §3.2: exactly one, from HTTP/1.1 on.
    if request.version() == Version::HTTP_11 && headers.get_all(HOST).iter().count() != 1 {
        return Err(Problem::new(Code::MalformedRequest).detail("The request needs exactly one Host header."));
    }
    // RFC 9112 §6.1: a proxy may have read the one and we the other, and then somebody else's request is behind it.
    if headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH) {
        return Err(Problem::new(Code::MalformedRequest).detail("Its length is said in two ways."));
    }
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most_bytes(request) as u64) {
        return Err(Problem::new(Code::ContentTooLarge));
    }
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    if request.uri().path().starts_with("/api/") && !accepts(headers, route) {
        return Err(Problem::new(Code::NotAcceptable));
    }
    Ok(())
}

/// RFC 9110 §12.5.1, as far as it matters to an API that speaks one language.
fn accepts(headers: &HeaderMap, route: Option<&str>) -> bool {
    let also = ALSO_SPOKEN.iter().find(|(path, _)| route == Some(path)).map_or(&[][..], |(_, also)| also);
    let mut lines = headers.get_all(ACCEPT).iter().peekable();
    if lines.peek().is_none() {
        return true;
    }
    lines.flat_map(|line| line.to_str().unwrap_or_default().split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        let refused = parts.any(|parameter| ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains(&parameter));
        let spoken = SPOKEN.iter().chain(also).any(|spoken| media_type.eq_ignore_ascii_case(spoken));
        !refused && spoken
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offered_id_is_taken_when_it_is_plain() {
        let offered = |value: &'static [u8]| {
            let value = HeaderValue::from_bytes(value).expect("a header's value");
            offered_id(&HeaderMap::from_iter([(X_REQUEST_ID, value)]))
        };
        assert!(offered(b"a-B_9").is_some());
        assert!(offered(&[b'a'; 64]).is_some());
        for wrong in [&b""[..], &[b'a'; 65], b"a b", b"a%0d%0a", b"a\"b", b"\xff", b"{\"level\":1}"] {
            assert!(offered(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn an_answer_is_acceptable_unless_json_is_ruled_out() {
        let on =
            |route, value| accepts(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(value))]), route);
        let told = |value| on(Some("/api/v1/users"), value);
        assert!(accepts(&HeaderMap::new(), None));
        for right in
            ["*/*", "application/json", "text/html, application/*;q=0.1", "Application/JSON; charset=utf-8"]
        {
            assert!(told(right), "{right}");
        }
        for (route, types) in ALSO_SPOKEN {
            for media_type in types {
                assert!(on(Some(route), media_type) && !told(media_type), "{media_type}");
            }
        }
        for wrong in ["text/html", "application/xml", "application/json;q=0", ""] {
            assert!(!told(wrong), "{wrong}");
        }
    }
}
