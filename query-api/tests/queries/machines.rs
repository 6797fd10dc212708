//! What machines ask.

use crate::world::{World, anonymous, ask};
use http::{StatusCode, header};
use serde_json::json;

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
