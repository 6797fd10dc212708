//! `DELETE /auth/sessions` and `DELETE /auth/sessions/{id}`

use crate::house::House;
use events::StreamName;

#[tokio::test]
async fn one_session_of_ones_own_ends() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let other = house.signed_in("ada@x.io").await;
    let path = format!("/auth/sessions/{}", other.session);
    house.delete(&path).by(&guest).send().await.must_be(204);
    house.delete(&path).by(&guest).send().await.must_be(204);
    assert!(!house.is_signed_in(&other).await);
    assert!(house.is_signed_in(&guest).await);
    assert_eq!(house.told(&StreamName::session(other.session)).await, ["session.started", "session.revoked"]);
}

#[tokio::test]
async fn somebody_elses_session_is_as_good_as_unknown() {
    let house = House::new().await;
    let (ada, eve) = (house.guest("ada@x.io").await, house.guest("eve@x.io").await);
    let others = house.delete(&format!("/auth/sessions/{}", ada.session)).by(&eve).send().await;
    let unknown = house.delete(&format!("/auth/sessions/{}", uuid::Uuid::from_u128(7))).by(&eve).send().await;
    let none = house.delete("/auth/sessions/not-an-id").by(&eve).send().await;
    let others = others.must_say(404, "not-found");
    assert_eq!(others.bytes, unknown.must_say(404, "not-found").bytes);
    assert_eq!(others.bytes, none.must_say(404, "not-found").bytes);
    assert!(house.is_signed_in(&ada).await);
}

#[tokio::test]
async fn all_other_sessions_end_and_later_ones_do_not() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let others = [house.signed_in("ada@x.io").await, house.signed_in("ada@x.io").await];
    house.delete("/auth/sessions").by(&guest).send().await.must_be(204);
    for other in &others {
        assert!(!house.is_signed_in(other).await);
        house.refresh(&other.refresh_token).await.must_be(401);
    }
    assert!(house.is_signed_in(&guest).await);
    house.refresh(&guest.refresh_token).await.must_be(200);
    let later = house.signed_in("ada@x.io").await;
    assert!(house.is_signed_in(&later).await);
}

#[tokio::test]
async fn only_whoever_is_signed_in_ends_sessions() {
    let house = House::new().await;
    house.delete("/auth/sessions").send().await.must_say(401, "unauthenticated");
    house.delete(&format!("/auth/sessions/{}", uuid::Uuid::from_u128(7))).send().await.must_be(401);
}
