//! What the frame does around every route.

use super::app::{ask, ask_with, request, send};
use axum::body::Body;

#[tokio::test]
async fn whatever_goes_wrong_is_a_problem() {
    for (method, path, status, code) in [
        ("GET", "/nowhere", 404, "not-found"),
        ("GET", "/api/v1/nowhere", 404, "not-found"),
        ("DELETE", "/api/v1/things", 405, "method-not-allowed"),
        ("TRACE", "/api/v1/things", 405, "method-not-allowed"),
        ("BREW", "/api/v1/things", 405, "method-not-allowed"),
        ("GET", "/api/v1/panic", 500, "internal"),
        ("POST", "/api/v1/panic", 500, "internal"),
        ("GET", "/api/v1/broken", 500, "internal"),
        ("GET", "/api/v1/slow", 503, "overloaded"),
    ] {
        let answer = ask(method, path).await;
        assert_eq!((answer.status, answer.problem().as_str()), (status, code), "{method} {path}");
        assert_eq!(
            answer.header("allow"),
            if status == 405 { "GET,HEAD,POST" } else { "" },
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn every_answer_is_dressed() {
    for path in ["/api/v1/things", "/health", "/nowhere"] {
        let answer = ask("GET", path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert!(answer.header("permissions-policy").contains("camera=()"));
        assert_eq!(answer.header("vary"), "Origin, Authorization, Cookie");
        assert!(answer.header("strict-transport-security").starts_with("max-age=31536000"));
        assert!(!answer.headers.contains_key("server") && !answer.headers.contains_key("x-powered-by"));
    }
    let docs = ask("GET", "/docs/").await;
    assert_eq!(docs.body, "docs");
    assert!(docs.header("content-security-policy").starts_with("default-src 'self'; style-src"));
}

#[tokio::test]
async fn what_sets_a_cookie_is_kept_by_no_cache_whatever_its_route_says() {
    let answer = ask("GET", "/api/v1/cookie").await;
    assert_eq!(answer.header("cache-control"), "private, no-store");
}

#[tokio::test]
async fn nothing_is_compressed() {
    let answer = ask_with("GET", "/api/v1/things", &[("accept-encoding", "br, gzip, zstd")]).await;
    assert_eq!((answer.body.as_str(), answer.header("content-encoding")), ("things", ""));
}

#[tokio::test]
async fn one_slash_at_the_end_is_forgiven_and_no_other() {
    assert_eq!(ask("GET", "/api/v1/things/").await.body, "things");
    assert_eq!(ask("GET", "/api/v1/pages/?limit=7").await.body, "7  none 0");
    for wrong in
        ["/api/v1/things//", "//api/v1/things", "/api//v1/things", "/api/v1/./things", "/api/v1/Things", "/"]
    {
        assert_eq!(ask("GET", wrong).await.status, 404, "{wrong}");
    }
}

#[tokio::test]
async fn a_plain_request_id_is_kept_and_any_other_is_replaced() {
    let kept = ask_with("GET", "/api/v1/who", &[("x-request-id", "abc_-9")]).await;
    assert_eq!(kept.header("x-request-id"), "abc_-9");
    assert!(kept.body.starts_with("abc_-9|"));
    for wrong in ["a b", "a%0d%0aSet-Cookie: x", "", &"a".repeat(65)] {
        let answer = ask_with("GET", "/api/v1/who", &[("x-request-id", wrong)]).await;
        let made = answer.header("x-request-id");
        assert!(
            made.len() >= 18 && made.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
            "{made}"
        );
        assert!(answer.body.starts_with(made));
    }
}

#[tokio::test]
async fn a_trace_is_kept_when_it_is_one() {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    assert!(ask_with("GET", "/api/v1/who", &[("traceparent", trace)]).await.body.contains(trace));
    let zero = format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32));
    for wrong in ["00", &trace.to_uppercase(), &trace[1..], &format!("{trace}-x"), &zero] {
        assert!(
            ask_with("GET", "/api/v1/who", &[("traceparent", wrong)]).await.body.contains("||"),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn a_long_user_agent_is_cut() {
    assert!(
        ask_with("GET", "/api/v1/who", &[("user-agent", &"a".repeat(2_000))]).await.body.ends_with("|512")
    );
    assert!(ask_with("GET", "/api/v1/who", &[("user-agent", "  ")]).await.body.ends_with("|0"));
}

#[tokio::test]
async fn a_request_has_one_host() {
    let without = axum::extract::Request::builder().uri("/health").body(Body::empty()).expect("a request");
    assert_eq!(send(without).await.problem(), "malformed-request");
    let twice = ask_with("GET", "/health", &[("host", "elsewhere")]).await;
    assert_eq!((twice.status, twice.problem().as_str()), (400, "malformed-request"));
}

#[tokio::test]
async fn headers_and_addresses_have_bounds() {
    let many: Vec<String> = (0..64).map(|number| format!("x-{number}")).collect();
    let headers: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "1")).collect();
    assert_eq!(ask_with("GET", "/health", &headers[..63]).await.status, 200, "and Host makes 64");
    assert_eq!(ask_with("GET", "/health", &headers).await.problem(), "headers-too-large");
    assert_eq!(
        ask_with("GET", "/health", &[("x-long", &"a".repeat(16 * 1024))]).await.problem(),
        "headers-too-large"
    );
    let path = |len: usize| format!("/health?{}", "a".repeat(len - 8));
    assert_eq!(ask("GET", &path(8 * 1024)).await.status, 200);
    assert_eq!(ask("GET", &path(8 * 1024 + 1)).await.problem(), "uri-too-long");
}

#[tokio::test]
async fn only_json_is_answered() {
    assert_eq!(
        ask_with("GET", "/api/v1/things", &[("accept", "text/html")]).await.problem(),
        "not-acceptable"
    );
    assert_eq!(ask_with("GET", "/health", &[("accept", "text/html")]).await.status, 200);
}

#[tokio::test]
async fn pages_of_listed_origins_may_call_and_no_others() {
    let preflight = |origin| {
        let headers = [("origin", origin), ("access-control-request-method", "PUT")];
        async move { ask_with("OPTIONS", "/api/v1/things", &headers).await }
    };
    let right = preflight("https://app.example.com").await;
    assert_eq!(right.status, 204);
    assert_eq!(right.header("access-control-allow-origin"), "https://app.example.com");
    assert_eq!(right.header("access-control-allow-credentials"), "true");
    assert_eq!(right.header("access-control-allow-methods"), "GET, POST, PUT, PATCH, DELETE");
    assert!(right.header("access-control-allow-headers").contains("evident-min-position"));
    assert!(right.header("access-control-allow-headers").contains("evident-token-delivery"));
    let called = ask_with("GET", "/api/v1/things", &[("origin", "https://app.example.com")]).await;
    let exposed = called.header("access-control-expose-headers");
    for name in [
        "etag",
        "evident-position",
        "location",
        "retry-after",
        "ratelimit",
        "ratelimit-policy",
        "www-authenticate",
        "content-disposition",
    ] {
        assert!(exposed.split(", ").any(|listed| listed == name), "{name}: {exposed}");
    }
    for wrong in [
        "null",
        "http://app.example.com",
        "https://app.example.com.evil",
        "https://evilapp.example.com",
        "https://app.example.com:444",
    ] {
        let answer = preflight(wrong).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (405, ""), "{wrong}");
        assert_eq!(answer.header("access-control-allow-credentials"), "", "{wrong}");
        assert_eq!(answer.header("vary"), "Origin, Authorization, Cookie", "{wrong}");
    }
    let two = [("origin", "https://app.example.com"), ("origin", "https://evil")];
    assert_eq!(ask_with("GET", "/api/v1/things", &two).await.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    let answer = send(request("HEAD", "/health").body(Body::empty()).expect("a request")).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
}
