//! Which bodies are read, and what is said of the others.

use super::app::{post_as, post_json, request, send};
use axum::body::Body;

#[tokio::test]
async fn a_right_body_is_read() {
    let answer = post_json(r#" {"name": "ada", "inner": {"a/b~c": true}, "list": [1, 2]} "#).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "ada true 2"));
}

#[tokio::test]
async fn only_json_in_utf8_is_taken() {
    for right in [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
    ] {
        assert_eq!(post_as(right, r#"{"name": "ada"}"#).await.status, 200, "{right}");
    }
    let wrong = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "application/jsonx",
    ];
    for wrong in wrong.into_iter().chain(["", "application/merge-patch+json"]) {
        let answer = post_as(wrong, r#"{"name": "ada"}"#).await;
        assert_eq!((answer.status, answer.problem().as_str()), (415, "unsupported-media-type"), "{wrong}");
    }
    let bare = request("POST", "/api/v1/forms").body(Body::from("{}")).expect("a request");
    assert_eq!(send(bare).await.status, 415);
}

#[tokio::test]
async fn a_patch_may_be_a_merge_patch() {
    let patch = request("PATCH", "/api/v1/forms").header("content-type", "application/merge-patch+json");
    let answer = send(patch.body(Body::from(r#"{"name": "ada"}"#)).expect("a request")).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn what_is_not_json_is_malformed_wherever_it_goes_wrong() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let wrong: [&[u8]; 14] = [
        b"",
        b"{",
        b"{\"name\": \"ada\",}",
        b"{\"name\": \"ada\"} x",
        b"{\"name\": \"ada\"}{}",
        b"\xef\xbb\xbf{\"name\": \"ada\"}",
        b"\xff\xfe{\x00}\x00",
        b"{\"name\": \"\xff\"}",
        b"{\"name\": \"\\ud800\"}",
        b"{\"name\": \"a\nb\"}",
        b"{\"list\": [1e400]}",
        b"{'name': 'ada'}",
        b"{\"name\": 5, \"list\": [NaN]}",
        deep.as_bytes(),
    ];
    for body in wrong {
        let answer = post_json(body.to_vec()).await;
        let shown = String::from_utf8_lossy(body);
        assert_eq!((answer.status, answer.problem().as_str()), (400, "malformed-json"), "{shown}");
    }
}

#[tokio::test]
async fn a_wrong_field_is_pointed_at() {
    for (body, pointer, code) in [
        (r#"{}"#, "/name", "required"),
        (r#"{"name": "ada", "role": "admin"}"#, "/role", "unknown_field"),
        (r#"{"name": "ada", "name": "eve"}"#, "/name", "duplicate_field"),
        (r#"{"name": 5}"#, "/name", "invalid_type"),
        (r#"{"name": null}"#, "/name", "invalid_type"),
        (r#"{"name": "ada", "list": [1, "2"]}"#, "/list/1", "invalid_type"),
        (r#"{"name": "ada", "list": [1, -2]}"#, "/list/1", "invalid_value"),
        (r#"{"name": "ada", "list": [99999999999999999999]}"#, "/list/0", "invalid_type"),
        (r#"{"name": "ada", "inner": {}}"#, "/inner/a~1b~0c", "required"),
        (r#"{"name": "ada", "inner": {"a/b~c": 1}}"#, "/inner/a~1b~0c", "invalid_type"),
        (r#"{"name": "ada", "inner": {"a/b~c": true, "x": 1}}"#, "/inner/x", "unknown_field"),
        (r#"{"name": "ada", "inner": {"a/b~c": true, "a/b~c": true}}"#, "/inner/a~1b~0c", "duplicate_field"),
        (r#"[]"#, "", "invalid_type"),
        (r#"["ada", null, []]"#, "", "invalid_type"),
        (r#""ada""#, "", "invalid_type"),
    ] {
        let answer = post_json(body).await;
        assert_eq!((answer.status, answer.problem().as_str()), (422, "validation"), "{body}");
        assert_eq!(answer.error(), (pointer.to_owned(), code.to_owned()), "{body}");
    }
}

#[tokio::test]
async fn an_unknown_name_is_not_echoed_at_length() {
    let body = format!(r#"{{"name": "ada", "{}": 1}}"#, "x".repeat(10_000));
    let answer = post_json(body).await;
    assert_eq!(answer.error().1, "unknown_field");
    assert!(answer.body.len() < 600, "{}", answer.body.len());
}

#[tokio::test]
async fn a_body_has_64_kib_and_not_a_byte_more() {
    let body = |len: usize| format!(r#"{{"name": "{}"}}"#, "a".repeat(len - 12));
    assert_eq!(post_json(body(64 * 1024)).await.status, 200);
    let answer = post_json(body(64 * 1024 + 1)).await;
    assert_eq!((answer.status, answer.problem().as_str()), (413, "content-too-large"));
}
