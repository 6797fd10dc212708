//! Which queries, ids and conditions are read, and what is said of the others.

use super::app::{ask, ask_with};

#[tokio::test]
async fn a_right_query_is_read() {
    assert_eq!(ask("GET", "/api/v1/pages").await.body, "50  none 0");
    let answer = ask("GET", "/api/v1/pages?limit=200&q=a%20b%26c&sort=age&from=9").await;
    assert_eq!(answer.body, "200 a b&c age 9");
}

#[tokio::test]
async fn an_unknown_or_repeated_parameter_is_refused() {
    for (query, pointer, code) in [
        ("limit=1&limit=99", "/limit", "duplicate_field"),
        ("password=x", "/password", "unknown_field"),
        ("access_token=x", "/access_token", "unknown_field"),
    ] {
        let answer = ask("GET", &format!("/api/v1/pages?{query}")).await;
        assert_eq!((answer.status, answer.problem().as_str()), (400, "malformed-request"), "{query}");
        assert_eq!(answer.error(), (pointer.to_owned(), code.to_owned()), "{query}");
    }
}

#[tokio::test]
async fn an_impossible_value_is_pointed_at() {
    for (query, pointer, code) in [
        ("limit=0", "/limit", "invalid_value"),
        ("limit=-1", "/limit", "invalid_value"),
        ("limit=1e9", "/limit", "invalid_value"),
        ("limit=201", "/limit", "invalid_value"),
        ("limit=", "/limit", "invalid_value"),
        ("sort=password_hash", "/sort", "unknown_value"),
        ("from=x", "/from", "invalid_value"),
    ] {
        let answer = ask("GET", &format!("/api/v1/pages?{query}")).await;
        assert_eq!((answer.status, answer.problem().as_str()), (422, "validation"), "{query}");
        assert_eq!(answer.error(), (pointer.to_owned(), code.to_owned()), "{query}");
    }
}

#[tokio::test]
async fn a_malformed_id_is_like_one_that_nobody_has() {
    let id = "019ad5e5-0000-7000-8000-000000000001";
    assert_eq!(ask("GET", &format!("/api/v1/things/{id}")).await.body, id);
    for wrong in ["7", "%00", "..%2f..", "%ff", "a;b", "%2f"] {
        let answer = ask("GET", &format!("/api/v1/things/{wrong}")).await;
        assert_eq!((answer.status, answer.problem().as_str()), (404, "not-found"), "{wrong}");
    }
}

#[tokio::test]
async fn a_version_must_be_named_strongly() {
    for right in ["*", "\"7\"", "\"1\", \"7\"", "W/\"7\", \"7\"", " \"7\" ,"] {
        assert_eq!(ask_with("PUT", "/api/v1/versions", &[("if-match", right)]).await.status, 204, "{right}");
    }
    assert_eq!(ask("PUT", "/api/v1/versions").await.status, 204);
    for stale in ["\"6\"", "W/\"7\"", "\"07\"", "\"+7\"", "\"\"", "\"x\""] {
        let answer = ask_with("PUT", "/api/v1/versions", &[("if-match", stale)]).await;
        assert_eq!((answer.status, answer.problem().as_str()), (412, "precondition-failed"), "{stale}");
    }
    for wrong in ["7", "", "*, \"7\"", "\"7", "w/\"7\""] {
        let answer = ask_with("PUT", "/api/v1/versions", &[("if-match", wrong)]).await;
        assert_eq!((answer.status, answer.problem().as_str()), (400, "malformed-request"), "{wrong}");
    }
}

#[tokio::test]
async fn an_idempotency_key_is_short_and_visible() {
    let longest = "k".repeat(255);
    for right in ["k", "\"8e03978e\"", &longest] {
        assert_eq!(ask_with("POST", "/api/v1/keys", &[("idempotency-key", right)]).await.body, right);
    }
    assert_eq!(ask("POST", "/api/v1/keys").await.body, "");
    let too_long = "k".repeat(256);
    for wrong in ["", "a b", "é", &too_long] {
        let answer = ask_with("POST", "/api/v1/keys", &[("idempotency-key", wrong)]).await;
        assert_eq!((answer.status, answer.problem().as_str()), (400, "invalid-idempotency-key"), "{wrong}");
    }
    let twice = ask_with("POST", "/api/v1/keys", &[("idempotency-key", "a"), ("idempotency-key", "a")]).await;
    assert_eq!(twice.problem(), "invalid-idempotency-key");
}
