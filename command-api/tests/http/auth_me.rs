//! `DELETE /auth/me`

use crate::house::{House, PASSWORD};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn closing_ones_account_ends_everything_and_erases_it_later() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let answer = house.delete("/auth/me").by(&guest).json(json!({ "password": PASSWORD })).send().await;
    answer.must_be(202);
    assert!(!house.is_signed_in(&guest).await);
    house.refresh(&guest.refresh_token).await.must_be(401);
    house.login("ada@x.io", PASSWORD).await.must_say(401, "invalid-credentials");
    assert_eq!(house.told_of(guest.id).await, ["user.registered", "user.deleted"]);
    house.clock.advance(Duration::from_secs(29 * 86_400));
    let house = house.reopened(|_| {}).await;
    assert_eq!(house.told_of(guest.id).await, ["user.registered", "user.deleted"]);
    house.clock.advance(Duration::from_secs(86_400));
    let house = house.reopened(|_| {}).await;
    assert_eq!(house.told_of(guest.id).await, ["user.registered", "user.deleted", "user.erased"]);
    house.guest("ada@x.io").await;
}

#[tokio::test]
async fn closing_takes_the_password() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let close = |body| house.delete("/auth/me").by(&guest).json(body).send();
    close(json!({ "password": "wrong horse battery staple" })).await.must_say(401, "invalid-credentials");
    close(json!({})).await.must_refuse("/password", "required");
    house.delete("/auth/me").by(&guest).send().await.must_say(415, "unsupported-media-type");
    house
        .delete("/auth/me")
        .json(json!({ "password": PASSWORD }))
        .send()
        .await
        .must_say(401, "unauthenticated");
    assert!(house.is_signed_in(&guest).await);
}

#[tokio::test]
async fn the_last_admin_does_not_leave() {
    let house = House::new().await;
    let admin = house.admin().await;
    let close = || house.delete("/auth/me").by(&admin).json(json!({ "password": PASSWORD })).send();
    close().await.must_say(409, "last-admin");
    house.guest_with(&admin, "ada@x.io", "admin").await;
    close().await.must_be(202);
}
