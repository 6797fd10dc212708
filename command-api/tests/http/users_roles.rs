//! `PUT /users/{id}/roles/{role}`, `DELETE /users/{id}/roles/{role}`

use crate::house::{Guest, House};
use events::{StreamName, UserId};
use futures_util::future::join_all;
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

/// Somebody who may do all that there is to do about others, but is no admin.
async fn helper(house: &House, admin: &Guest) -> Guest {
    let permissions =
        json!(["users:read", "users:write", "users:erase", "roles:write", "sessions:revoke", "roles:read"]);
    house
        .put("/roles/helper")
        .by(admin)
        .json(json!({ "permissions": permissions }))
        .send()
        .await
        .must_be(201);
    house.guest_with(admin, "helper@x.io", "helper").await
}

#[tokio::test]
async fn nobody_acts_upon_who_may_do_more_than_they() {
    let house = House::new().await;
    let admin = house.admin().await;
    let helper = helper(&house, &admin).await;
    let auditor = house.guest_with(&admin, "audit@x.io", "auditor").await;
    for above in [&admin, &auditor] {
        let (user, reason) = (format!("/users/{}", above.id), json!({ "reason": "spam" }));
        let name = json!({ "display_name": "X" });
        for asked in [
            house.delete(&user),
            house.put(&user).json(name.clone()),
            house.patch(&user).json(name),
            house.post(&format!("{user}/erasure")),
            house.put(&format!("{user}/suspension")).json(reason),
            house.delete(&format!("{user}/suspension")),
            house.delete(&format!("{user}/lockout")),
            house.delete(&format!("{user}/sessions")),
            house.delete(&format!("{user}/sessions/{}", above.session)),
        ] {
            asked.by(&helper).send().await.must_say(403, "forbidden");
        }
    }
    revoke(&house, &admin, "admin", &helper).await.must_say(403, "forbidden");
    revoke(&house, &auditor, "auditor", &helper).await.must_say(403, "forbidden");
    assert!(house.is_signed_in(&admin).await && house.is_signed_in(&auditor).await);
    // Their like and who may do less they reach, as far as the same names go.
    let ada = house.guest_with(&admin, "ada@x.io", "helper").await;
    let suspension = format!("/users/{}/suspension", ada.id);
    house.put(&suspension).by(&helper).json(json!({ "reason": "spam" })).send().await.must_be(204);
    revoke(&house, &ada, "helper", &helper).await.must_be(204);
    revoke(&house, &helper, "helper", &helper).await.must_be(204);
    house.delete(&suspension).by(&helper).send().await.must_say(403, "forbidden");
}

#[tokio::test]
async fn roles_above_ones_own_and_ones_own_stay_as_they_are() {
    let house = House::new().await;
    let admin = house.admin().await;
    let helper = helper(&house, &admin).await;
    let define = |by: &Guest, name: &str, permissions: serde_json::Value| {
        house.put(&format!("/roles/{name}")).by(by).json(json!({ "permissions": permissions })).send()
    };
    define(&admin, "above", json!(["audit:read", "users:read"])).await.must_be(201);
    define(&helper, "above", json!(["users:read"])).await.must_say(403, "forbidden");
    house.delete("/roles/above").by(&helper).send().await.must_say(403, "forbidden");
    define(&admin, "desk", json!(["users:read"])).await.must_be(201);
    house.put(&format!("/users/{}/roles/desk", helper.id)).by(&admin).send().await.must_be(204);
    define(&helper, "desk", json!(["users:read", "users:write"])).await.must_say(403, "forbidden");
    define(&helper, "desk", json!([])).await.must_be(200);
    house.delete("/roles/desk").by(&helper).send().await.must_be(204);
    let body = json!({ "email": "new@x.io", "roles": ["above"] });
    house.post("/users").by(&helper).json(body).send().await.must_say(403, "forbidden");
}

/// However the two fall together, nothing that a right is needed for stands behind the fact that took the right away.
#[tokio::test]
async fn nothing_is_done_by_a_right_that_is_gone() {
    let house = House::new().await;
    let admin = house.admin().await;
    let maker = json!({ "permissions": ["users:write"] });
    house.put("/roles/maker").by(&admin).json(maker).send().await.must_be(201);
    let made_by = house.guest("maker@x.io").await;
    let mut refused = 0;
    for round in 0..60 {
        grant(&house, &made_by, "maker", &admin).await.must_be(204);
        let make = |n: usize| {
            let newcomer = json!({ "email": format!("made-{round}-{n}@x.io") });
            house.post("/users").by(&made_by).json(newcomer).send()
        };
        let (made, revoked) =
            tokio::join!(join_all((0..8).map(make)), revoke(&house, &made_by, "maker", &admin));
        revoked.must_be(204);
        let ended = house.stored(&StreamName::user(made_by.id)).await.last().map(|stored| stored.position);
        for answer in made {
            if answer.status.as_u16() != 201 {
                refused += 1;
                assert!([401, 403, 503].contains(&answer.status.as_u16()), "{}", answer.status);
                continue;
            }
            let id = answer.body()["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
            let came_to_be = house.stored(&StreamName::user(UserId(id))).await[0].position;
            assert!(Some(came_to_be) < ended, "{came_to_be} behind {ended:?}");
        }
    }
    assert!(refused > 0, "the two never fell together");
}
