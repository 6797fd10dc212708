//! `PUT /users/{id}/roles/{role}`, `DELETE /users/{id}/roles/{role}`

use crate::house::{Guest, House};
use serde_json::json;
use uuid::Uuid;

async fn revoke(house: &House, from: &Guest, role: &str, by: &Guest) -> crate::house::Answer {
    house.delete(&format!("/users/{}/roles/{role}", from.id)).by(by).send().await
}

async fn grant(house: &House, to: &Guest, role: &str, by: &Guest) -> crate::house::Answer {
    house.put(&format!("/users/{}/roles/{role}", to.id)).by(by).send().await
}

#[tokio::test]
async fn a_role_works_at_once_and_ends_at_once() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (ada, eve) = (house.guest("ada@x.io").await, house.guest("eve@x.io").await);
    grant(&house, &eve, "auditor", &ada).await.must_say(403, "forbidden");
    for _ in 0..2 {
        grant(&house, &ada, "admin", &admin).await.must_be(204);
    }
    grant(&house, &eve, "auditor", &ada).await.must_be(204);
    for _ in 0..2 {
        revoke(&house, &ada, "admin", &admin).await.must_be(204);
    }
    revoke(&house, &eve, "auditor", &ada).await.must_say(403, "forbidden");
    assert_eq!(house.told_of(ada.id).await, ["user.registered", "user.role_granted", "user.role_revoked"]);
}

#[tokio::test]
async fn nobody_grants_what_is_not_theirs_to_give() {
    let house = House::new().await;
    let admin = house.admin().await;
    let ada = house.guest("ada@x.io").await;
    let lead = json!({ "permissions": ["roles:write"] });
    house.put("/roles/lead").by(&admin).json(lead).send().await.must_be(201);
    let lead = house.guest_with(&admin, "lead@x.io", "lead").await;
    grant(&house, &ada, "admin", &lead).await.must_say(403, "forbidden");
    grant(&house, &lead, "admin", &lead).await.must_say(403, "forbidden");
    grant(&house, &ada, "lead", &lead).await.must_be(204);
    grant(&house, &ada, "nothing", &admin).await.must_say(409, "role-unknown");
    house
        .put(&format!("/users/{}/roles/Not%20A%20Role", ada.id))
        .by(&admin)
        .send()
        .await
        .must_say(404, "not-found");
    let unknown = format!("/users/{}/roles/auditor", Uuid::from_u128(7));
    house.put(&unknown).by(&admin).send().await.must_say(404, "not-found");
    house.delete(&unknown).by(&admin).send().await.must_say(404, "not-found");
}

#[tokio::test]
async fn of_two_admins_who_demote_each_other_one_stays() {
    for _ in 0..10 {
        let house = House::new().await;
        let one = house.admin().await;
        let other = house.guest_with(&one, "ada@x.io", "admin").await;
        let (first, second) =
            tokio::join!(revoke(&house, &one, "admin", &other), revoke(&house, &other, "admin", &one));
        let mut statuses = [first.status.as_u16(), second.status.as_u16()];
        statuses.sort_unstable();
        // Whoever came second was refused as the last, or was no longer an admin by then.
        assert!([[204, 409], [204, 403]].contains(&statuses), "{statuses:?}");
        let demoted = house.all_told().await.iter().filter(|told| *told == "user.role_revoked").count();
        assert_eq!(demoted, 1);
    }
}

#[tokio::test]
async fn the_last_admin_stays_one() {
    let house = House::new().await;
    let admin = house.admin().await;
    revoke(&house, &admin, "admin", &admin).await.must_say(409, "last-admin");
    house.delete(&format!("/users/{}", admin.id)).by(&admin).send().await.must_say(409, "last-admin");
    house.post(&format!("/users/{}/erasure", admin.id)).by(&admin).send().await.must_say(409, "last-admin");
    assert_eq!(house.told_of(admin.id).await, ["user.registered"]);
    let other = house.guest_with(&admin, "ada@x.io", "admin").await;
    revoke(&house, &admin, "admin", &other).await.must_be(204);
    revoke(&house, &other, "admin", &other).await.must_say(409, "last-admin");
}

#[tokio::test]
async fn a_right_that_was_taken_away_is_gone_for_the_next_command() {
    let house = House::new().await;
    let admin = house.admin().await;
    let eve = house.guest("eve@x.io").await;
    for round in 0..20 {
        let ada = house.guest_with(&admin, &format!("ada{round}@x.io"), "admin").await;
        let role = if round % 2 == 0 { "auditor" } else { "admin" };
        let (revoked, _) =
            tokio::join!(revoke(&house, &ada, "admin", &admin), grant(&house, &eve, role, &ada));
        revoked.must_be(204);
        grant(&house, &eve, role, &ada).await.must_say(403, "forbidden");
        revoke(&house, &eve, role, &admin).await.must_be(204);
    }
}
