//! `PUT /users/{id}/suspension`, `DELETE /users/{id}/suspension`

use crate::house::{House, PASSWORD};
use events::{Fact, StreamName};
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn who_is_suspended_is_out_until_reinstated() {
    let house = House::new().await;
    let admin = house.admin().await;
    let guest = house.guest("ada@x.io").await;
    let path = format!("/users/{}/suspension", guest.id);
    for _ in 0..2 {
        house.put(&path).by(&admin).json(json!({ "reason": "spam" })).send().await.must_be(204);
    }
    assert!(!house.is_signed_in(&guest).await);
    house.login("ada@x.io", PASSWORD).await.must_say(401, "invalid-credentials");
    for _ in 0..2 {
        house.delete(&path).by(&admin).send().await.must_be(204);
    }
    assert!(!house.is_signed_in(&guest).await, "an old session stays ended");
    house.login("ada@x.io", PASSWORD).await.must_be(200);
    let facts = house.facts(&StreamName::user(guest.id)).await;
    let [_, Fact::UserSuspended(suspended), Fact::SessionsRevoked(_), Fact::UserReinstated] =
        facts.as_slice()
    else {
        panic!("{facts:?}")
    };
    assert_eq!(suspended.reason.open().map(|reason| reason.text.as_str()), Some("spam"));
}

#[tokio::test]
async fn suspending_takes_a_reason_and_a_permission() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (ada, eve) = (house.guest("ada@x.io").await, house.guest("eve@x.io").await);
    let path = format!("/users/{}/suspension", ada.id);
    let reason = || json!({ "reason": "spam" });
    house.put(&path).by(&eve).json(reason()).send().await.must_say(403, "forbidden");
    house.delete(&path).by(&eve).send().await.must_say(403, "forbidden");
    house.put(&path).json(reason()).send().await.must_say(401, "unauthenticated");
    house.put(&path).by(&admin).json(json!({})).send().await.must_refuse("/reason", "required");
    house
        .put(&path)
        .by(&admin)
        .json(json!({ "reason": " " }))
        .send()
        .await
        .must_refuse("/reason", "reason_length");
    let unknown = format!("/users/{}/suspension", Uuid::from_u128(7));
    house.put(&unknown).by(&admin).json(reason()).send().await.must_say(404, "not-found");
    house.delete(&unknown).by(&admin).send().await.must_say(404, "not-found");
    assert_eq!(house.told_of(ada.id).await, ["user.registered"]);
}

#[tokio::test]
async fn the_last_admin_is_not_suspended() {
    let house = House::new().await;
    let admin = house.admin().await;
    let other = house.guest_with(&admin, "ada@x.io", "admin").await;
    let suspend = |id, by| {
        house.put(&format!("/users/{id}/suspension")).by(by).json(json!({ "reason": "spam" })).send()
    };
    suspend(other.id, &admin).await.must_be(204);
    suspend(admin.id, &admin).await.must_say(409, "last-admin");
    house.delete(&format!("/users/{}/suspension", other.id)).by(&admin).send().await.must_be(204);
    suspend(admin.id, &admin).await.must_be(204);
}
