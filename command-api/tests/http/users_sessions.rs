//! `DELETE /users/{id}/sessions`, `DELETE /users/{id}/sessions/{session}`

use crate::house::House;
use events::{EndCause, Fact, StreamName};
use uuid::Uuid;

#[tokio::test]
async fn an_admin_ends_one_session_of_somebody() {
    let house = House::new().await;
    let admin = house.admin().await;
    let ada = house.guest("ada@x.io").await;
    let other = house.signed_in("ada@x.io").await;
    let path = format!("/users/{}/sessions/{}", ada.id, ada.session);
    house.delete(&path).by(&other).send().await.must_say(403, "forbidden");
    for _ in 0..2 {
        house.delete(&path).by(&admin).send().await.must_be(204);
    }
    assert!(!house.is_signed_in(&ada).await);
    assert!(house.is_signed_in(&other).await);
    let facts = house.facts(&StreamName::session(ada.session)).await;
    let [_, Fact::SessionRevoked(ended)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!(ended.cause, EndCause::RevokedByOther);
}

#[tokio::test]
async fn a_session_ends_by_its_own_person_only() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (ada, eve) = (house.guest("ada@x.io").await, house.guest("eve@x.io").await);
    let end = |user, session| house.delete(&format!("/users/{user}/sessions/{session}")).by(&admin).send();
    end(eve.id.0, ada.session.0).await.must_say(404, "not-found");
    end(ada.id.0, Uuid::from_u128(7)).await.must_say(404, "not-found");
    assert!(house.is_signed_in(&ada).await);
}

#[tokio::test]
async fn an_admin_ends_all_sessions_of_somebody() {
    let house = House::new().await;
    let admin = house.admin().await;
    let ada = house.guest("ada@x.io").await;
    let other = house.signed_in("ada@x.io").await;
    let path = format!("/users/{}/sessions", ada.id);
    house.delete(&path).by(&other).send().await.must_say(403, "forbidden");
    house.delete(&path).by(&admin).send().await.must_be(204);
    for guest in [&ada, &other] {
        assert!(!house.is_signed_in(guest).await);
        house.refresh(&guest.refresh_token).await.must_be(401);
    }
    let later = house.signed_in("ada@x.io").await;
    assert!(house.is_signed_in(&later).await);
    house.delete(&format!("/users/{}/sessions", Uuid::from_u128(7))).by(&admin).send().await.must_be(404);
}
