//! What machines ask.

use crate::world::{Somebody, World, anonymous, ask};
use http::{StatusCode, header};
use serde_json::json;
use std::time::Duration;

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

#[tokio::test]
async fn all_who_come_with_a_key_that_is_not_known_yet_share_one_look_at_it() {
    let mut world = World::without_keys().await;
    assert!(!world.app.knows_keys(), "nothing could be verified");
    world.vault.ensure_signing_key(world.clock.now()).await.expect("a signing key");
    let ada = world.somebody("Ada", &["user"]).await;
    let ask = || world.get("/api/v1/auth/me", &ada);
    let answers = tokio::join!(ask(), ask(), ask(), ask());
    let statuses = [answers.0.status, answers.1.status, answers.2.status, answers.3.status];
    assert_eq!(statuses, [StatusCode::OK; 4]);
    assert!(world.app.knows_keys());
}

#[tokio::test]
async fn an_invented_key_is_looked_for_once_a_second_and_nobody_is_refused_while_that_fails() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["user"]).await;
    let eve = world.under_an_invented_key(&ada).await;
    // It does not follow, so it looks at keys for this reason only.
    let app = world.another_app().await;
    let ask = async |somebody: &Somebody| {
        let answer = ask(&app, somebody.request("/api/v1/auth/me")).await;
        (answer.status.as_u16(), answer.code())
    };
    let refused = (401, "invalid-token".to_owned());
    assert_eq!(ask(&eve).await, refused);
    world.vault.close().await;
    assert_eq!(ask(&eve).await, refused, "what was read a moment ago still says so");
    world.clock.advance(Duration::from_secs(1));
    let unknown = (503, "unavailable".to_owned());
    for _ in 0..2 {
        assert_eq!(ask(&eve).await, unknown, "it may be a key that was made since");
    }
}
