//! The first admin, and those that an operator makes.

use crate::house::{House, PASSWORD};
use command_api::{AdminError, bootstrap_admin, create_admin};
use events::Actor;
use futures_util::future::join_all;

const ROOT: &str = "root@admins.example";

#[tokio::test]
async fn the_first_admin_is_made_once() {
    let house = House::new().await;
    let made = bootstrap_admin(&house.app, ROOT, PASSWORD).await.expect("made");
    assert!(made.is_some());
    assert_eq!(bootstrap_admin(&house.app, "other@admins.example", PASSWORD).await.expect("looked at"), None);
    let house = house.reopened(|_| {}).await;
    assert_eq!(bootstrap_admin(&house.app, ROOT, PASSWORD).await.expect("looked at"), None);
    assert_eq!(house.all_told().await, ["user.registered"]);
    house.login(ROOT, PASSWORD).await.must_be(200);
}

#[tokio::test]
async fn of_many_processes_that_start_at_once_one_makes_the_first_admin() {
    let house = House::new().await;
    let made = join_all((0..10).map(|_| bootstrap_admin(&house.app, ROOT, PASSWORD))).await;
    let made: Vec<_> = made.into_iter().filter_map(|made| made.expect("made or looked at")).collect();
    assert_eq!(made.len(), 1);
    assert_eq!(house.all_told().await, ["user.registered"]);
    house.clock.advance(std::time::Duration::from_secs(61));
    house.login(ROOT, PASSWORD).await.must_be(200);
    let again = serde_json::json!({ "email": ROOT, "password": PASSWORD });
    house.post("/auth/register").json(again).send().await.must_say(409, "email-taken");
}

#[tokio::test]
async fn an_operator_makes_another_admin() {
    let house = House::new().await;
    let first = house.admin().await;
    let id = create_admin(&house.app, "second@admins.example", PASSWORD).await.expect("made");
    let second = house.signed_in("second@admins.example").await;
    assert_eq!(second.id, id);
    let records = house.stored(&events::StreamName::user(id)).await;
    assert!(records.iter().all(|stored| stored.record.context.actor == Actor::Operator));
    let demote = house.delete(&format!("/users/{}/roles/admin", first.id)).by(&second).send().await;
    demote.must_be(204);
}

#[tokio::test]
async fn an_admins_password_keeps_the_rules() {
    let house = House::new().await;
    let weak = bootstrap_admin(&house.app, ROOT, "admin").await;
    assert!(matches!(weak, Err(AdminError::Password(_))), "{weak:?}");
    let wrong = create_admin(&house.app, "nobody", PASSWORD).await;
    assert!(matches!(wrong, Err(AdminError::Address(_))), "{wrong:?}");
    assert!(house.all_told().await.is_empty());
}
