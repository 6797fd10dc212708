//! `EVIDENT_SECOND_FACTOR`: who has yet to show the second factor that is demanded of them sees themselves and their
//! sessions, and nothing else.

use crate::{
    rights::RIGHTS,
    world::{Somebody, World},
};
use events::{Fact, Position, RoleGranted, RoleRevoked, StreamName};
use service::config::SecondFactorDemand;

const USER: &str = "/api/v1/users/{self}";

fn of(role: &str) -> SecondFactorDemand {
    SecondFactorDemand::Roles([role.parse().expect("a role name")].into())
}

/// Something happens to somebody that only the feed sees.
async fn feed(world: &mut World, somebody: &Somebody, fact: Fact) {
    let position = world.append(StreamName::user(somebody.user), Some(somebody.user), fact).await;
    world.app.followed(position).await;
}

async fn refused(world: &World, path: &str, somebody: &Somebody) -> bool {
    let id = somebody.user.to_string();
    let answer = world.get(&path.replace("{self}", &id).replace("{other}", &id), somebody).await;
    answer.status == 403 && answer.code() == "second-factor-missing"
}

#[tokio::test]
async fn without_what_is_demanded_every_query_is_refused_but_those_about_oneself_and_ones_sessions() {
    let mut world = World::demanding(of("admin")).await;
    let admin = world.somebody("Root", &["admin"]).await;
    let proven = world.with_second_factor(&admin, Position(2), &["admin"]).await;
    let auditor = world.somebody("Ada", &["auditor"]).await;
    for (path, _) in RIGHTS {
        let open = ["/api/v1/auth/me", "/api/v1/auth/sessions"].contains(path);
        assert_eq!(refused(&world, path, &admin).await, !open, "{path}");
        assert!(!refused(&world, path, &proven).await, "{path}");
        assert!(!refused(&world, path, &auditor).await, "{path}");
    }
    for path in ["/api/v1/auth/me", "/api/v1/auth/sessions"] {
        assert_eq!(world.get(path, &admin).await.status, 200, "{path}");
    }
}

/// By the feed alone: the read models learn nothing of it.
#[tokio::test]
async fn a_role_that_demands_it_does_so_at_once() {
    let mut world = World::demanding(of("auditor")).await;
    let ada = world.somebody("Ada", &["user"]).await;
    let role = || "auditor".parse().expect("a role name");
    assert!(!refused(&world, USER, &ada).await);
    feed(&mut world, &ada, Fact::RoleGranted(RoleGranted { role: role() })).await;
    assert!(refused(&world, USER, &ada).await);
    feed(&mut world, &ada, Fact::RoleRevoked(RoleRevoked { role: role() })).await;
    assert!(!refused(&world, USER, &ada).await);
}

#[tokio::test]
async fn demanded_of_everybody_it_is_of_who_has_no_role_and_of_nobody_it_is_not() {
    for (demand, expected) in [(SecondFactorDemand::Everybody, true), (SecondFactorDemand::Nobody, false)] {
        let mut world = World::demanding(demand.clone()).await;
        let ada = world.somebody("Ada", &[]).await;
        assert_eq!(refused(&world, USER, &ada).await, expected, "{demand:?}");
    }
}
