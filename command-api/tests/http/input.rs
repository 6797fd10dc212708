//! What people send, wherever it goes: bodies that are no JSON, characters that hide, values out of bounds.

use crate::house::{House, PASSWORD};
use serde_json::json;

async fn register(house: &House, email: &str, password: &str) -> crate::house::Answer {
    house.post("/auth/register").json(json!({ "email": email, "password": password })).send().await
}

#[tokio::test]
async fn what_is_no_json_is_malformed_and_says_nothing_of_how_it_is_read() {
    let house = House::new().await;
    let cases: [&[u8]; 9] = [
        b"",
        b"{",
        b"{\"email\":\"\\ud800\"}",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b"{} trailing",
        b"{\"email\":1e400}",
        b"{\"email\":\"\xff\"}",
        &[b'['; 10_000],
    ];
    for body in cases {
        let answer = house.post("/auth/register").raw("application/json", body).send().await;
        let text = String::from_utf8(answer.must_say(400, "malformed-json").bytes).expect("UTF-8");
        assert!(!text.contains("line") && !text.contains("column"), "{text}");
    }
}

#[tokio::test]
async fn a_body_of_another_shape_is_refused_field_by_field() {
    let house = House::new().await;
    let post =
        |body: &'static str| house.post("/auth/register").raw("application/json", body.as_bytes()).send();
    post(r#"{"email":1,"password":"x"}"#).await.must_refuse("/email", "invalid_type");
    post(r#"{"email":"a@x.io","email":"b@x.io","password":"x"}"#)
        .await
        .must_refuse("/email", "duplicate_field");
    post(r#"{"email":"a@x.io","password":"x","role":"admin"}"#).await.must_refuse("/role", "unknown_field");
    post("[]").await.must_be(422);
    let wrong = json!({ "email": "nobody", "password": "short", "display_name": "\u{202E}" });
    let answer = house.post("/auth/register").json(wrong).send().await;
    let answer = answer.must_refuse("/email", "email_invalid").must_refuse("/password", "password_too_short");
    answer.must_refuse("/display_name", "display_name_invalid");
}

#[tokio::test]
async fn only_json_is_a_command() {
    let house = House::new().await;
    let body = json!({ "email": "ada@x.io", "password": PASSWORD }).to_string();
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"]
    {
        let answer = house.post("/auth/register").raw(content_type, body.as_bytes()).send().await;
        answer.must_say(415, "unsupported-media-type");
    }
    let big = json!({ "email": "ada@x.io", "password": "x".repeat(70_000) }).to_string();
    let answer = house.post("/auth/register").raw("application/json", big.as_bytes()).send().await;
    answer.must_say(413, "content-too-large");
}

#[tokio::test]
async fn what_hides_is_refused_and_never_breaks_anything() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    for email in [
        "a\u{0}@x.io",
        "a@x.io\u{0}",
        "a@b\r\nBcc:c@d.io",
        "a\u{FF20}x.io",
        "a\u{200B}@x.io",
        "\u{202E}a@x.io",
    ] {
        register(&house, email, PASSWORD).await.must_refuse("/email", "email_invalid");
    }
    register(&house, &format!("{}@x.io", "a".repeat(10_000)), PASSWORD)
        .await
        .must_refuse("/email", "email_too_long");
    for password in ["correct horse\u{0} battery staple", "correct horse\u{1b} battery staple"] {
        register(&house, "eve@x.io", password).await.must_refuse("/password", "password_invalid");
    }
    let marks = format!("a{}", "\u{20D2}".repeat(10_000));
    for name in ["a\u{0}b", "a\u{202E}b", "a\u{200B}b", "a\nb", "", marks.as_str()] {
        let put = house.put(&format!("/users/{}", guest.id)).by(&guest).json(json!({ "display_name": name }));
        put.send().await.must_refuse("/display_name", "display_name_invalid");
    }
    assert_eq!(house.told_of(guest.id).await, ["user.registered"]);
}

#[tokio::test]
async fn a_password_is_long_and_ones_own() {
    let house = House::new().await;
    let refused = |password: &'static str, code: &'static str| {
        let house = &house;
        async move {
            register(house, "grace.hopper@navy.example", password).await.must_refuse("/password", code);
        }
    };
    refused("kf8 jw2 0ls qm", "password_too_short").await;
    refused("🦀🐙🐝🐳🦉🐍🐢🦀🐙🐝🐳🦉🐍🐢", "password_too_short").await;
    for early in [
        "passwordpassword",
        "qwertyuiopasdfgh",
        "123456789012345",
        "evidentevidentevident",
        "grace.hopper@navy.example",
    ] {
        refused(early, "password_blocklisted").await;
    }
    let long = "x".repeat(2_000);
    register(&house, "a@x.io", &long).await.must_refuse("/password", "password_too_long");
    register(&house, "b@x.io", "éàüöñçøåæßðþłžš").await.must_be(201);
    register(&house, "c@x.io", "correct horse battery staple").await.must_be(201);
}

#[tokio::test]
async fn a_path_that_names_nothing_is_unknown() {
    let house = House::new().await;
    let admin = house.admin().await;
    for id in ["7", "%00", "..", "urn:uuid:00000000-0000-0000-0000-000000000007", "0".repeat(32).as_str()] {
        let delete = house.delete(&format!("/users/{id}")).by(&admin).send().await;
        assert_eq!(delete.status.as_u16(), 404, "{id}");
    }
}
