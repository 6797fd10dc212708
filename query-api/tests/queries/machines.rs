//! What machines ask.

use crate::world::{World, anonymous, ask};
use axum::{Router, body::Body};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use service::{config::LogFormat, telemetry};
use std::time::Duration;
use tower::ServiceExt;

/// Health, readiness and metrics are in one test: a process has one telemetry.
#[tokio::test]
async fn a_process_tells_whether_it_lives_whether_it_can_serve_and_what_it_counts() {
    let telemetry = telemetry::init(LogFormat::Json).expect("telemetry");
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["user"]).await;
    let router: Router = query_api::machines(world.app.clone(), telemetry.metrics()).into();
    let get = async |path: &str| {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let (head, body) = router.clone().oneshot(request).await.expect("an answer").into_parts();
        (
            head.status,
            String::from_utf8(body.collect().await.expect("a body").to_bytes().to_vec()).expect("UTF-8"),
        )
    };
    let check = |text: &str, field: &str| serde_json::from_str::<Value>(text).expect("JSON")[field].clone();

    assert_eq!(get("/health").await, (StatusCode::OK, json!({"status": "ok"}).to_string()));
    let (status, body) = get("/health/ready").await;
    assert_eq!((status, check(&body, "status")), (StatusCode::OK, json!("ready")));

    world.sign_in_unprojected(ada.user, &["user"]).await;
    let (status, body) = get("/health/ready").await;
    assert_eq!((status, check(&body, "status")), (StatusCode::SERVICE_UNAVAILABLE, json!("not_ready")));
    assert_eq!((check(&body, "read_models"), check(&body, "log")), (json!("behind"), json!("ok")));
    world.project().await;
    assert_eq!(get("/health/ready").await.0, StatusCode::OK);

    let deaf: Router = query_api::machines(world.another_app().await, telemetry.metrics()).into();
    world.clock.advance(Duration::from_secs(31));
    let request = Request::get("/health/ready").body(Body::empty()).expect("a request");
    let (head, body) = deaf.oneshot(request).await.expect("an answer").into_parts();
    let body = String::from_utf8(body.collect().await.expect("a body").to_bytes().to_vec()).expect("UTF-8");
    assert_eq!((head.status, check(&body, "feed")), (StatusCode::SERVICE_UNAVAILABLE, json!("behind")));

    let (status, metrics) = get("/metrics").await;
    assert_eq!(status, StatusCode::OK);
    assert!(metrics.contains("evident_feed_age_seconds"), "{metrics}");
    assert!(!metrics.contains('@') && !metrics.contains(&ada.user.to_string()), "{metrics}");
}

#[tokio::test]
async fn published_keys_verify_tokens_and_hold_nothing_private() {
    let world = World::new().await;
    let answer = ask(&world.app, anonymous("/.well-known/jwks.json")).await;
    assert_eq!(answer.headers[header::CACHE_CONTROL], "public, max-age=300");
    let key = answer.json()["keys"][0].clone();
    let stored = world.vault.public_signing_keys().await.expect("keys").remove(0);
    assert_eq!(key["kid"], stored.kid);
    let names: Vec<&str> = key.as_object().expect("a key").keys().map(String::as_str).collect();
    assert_eq!(names, ["kty", "crv", "use", "alg", "kid", "x"]);
}

#[tokio::test]
async fn a_key_made_after_the_start_is_found_when_it_is_first_used() {
    let mut world = World::without_keys().await;
    let late = world.app.clone();
    assert_eq!(ask(&late, anonymous("/.well-known/jwks.json")).await.json(), json!({"keys": []}));
    world.vault.ensure_signing_key(world.clock.now()).await.expect("a key");
    let ada = world.somebody("Ada", &["user"]).await;
    assert_eq!(world.get("/api/v1/auth/me", &ada).await.status, StatusCode::OK);
    assert_ne!(ask(&late, anonymous("/.well-known/jwks.json")).await.json(), json!({"keys": []}));
}
