//! `POST /auth/password`

use crate::house::{Guest, House, PASSWORD};
use futures_util::future::join_all;
use serde_json::json;

const NEW: &str = "seventeen grey herons";

async fn change(house: &House, guest: &Guest, current: &str, new: &str) -> crate::house::Answer {
    let body = json!({ "current_password": current, "new_password": new });
    house.post("/auth/password").by(guest).json(body).send().await
}

#[tokio::test]
async fn another_password_ends_the_other_sessions() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let other = house.signed_in("ada@x.io").await;
    change(&house, &guest, PASSWORD, NEW).await.must_be(204);
    assert!(house.is_signed_in(&guest).await);
    assert!(!house.is_signed_in(&other).await);
    house.refresh(&guest.refresh_token).await.must_be(200);
    house.refresh(&other.refresh_token).await.must_be(401);
    house.login("ada@x.io", PASSWORD).await.must_be(401);
    house.login("ada@x.io", NEW).await.must_be(200);
    let told = house.told_of(guest.id).await;
    assert_eq!(told, ["user.registered", "user.password_changed", "user.sessions_revoked"]);
}

#[tokio::test]
async fn the_current_password_must_be_right() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    change(&house, &guest, NEW, NEW).await.must_say(401, "invalid-credentials");
    let without = json!({ "new_password": NEW });
    let answer = house.post("/auth/password").by(&guest).json(without).send().await;
    answer.must_refuse("/current_password", "required");
    house.login("ada@x.io", PASSWORD).await.must_be(200);
}

#[tokio::test]
async fn a_new_password_keeps_the_rules() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    change(&house, &guest, PASSWORD, "short").await.must_refuse("/new_password", "password_too_short");
    change(&house, &guest, PASSWORD, "ada@x.io-ada@x.io")
        .await
        .must_refuse("/new_password", "password_blocklisted");
}

#[tokio::test]
async fn wherever_a_password_is_chosen_the_policy_is_one() {
    let leaked = "seventeen mauve herons";
    let list = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(list.path(), format!("{leaked}\n")).expect("written");
    let house = House::with(|config| {
        config.password_min = 7;
        config.password_blocklist_file = Some(list.path().to_owned());
    })
    .await;
    let guest = house.guest("ada@x.io").await;
    for (wrong, code) in [
        (leaked, "password_blocklisted"),
        ("passwordpassword", "password_blocklisted"),
        ("zachary", "password_too_weak"),
    ] {
        let body = json!({ "email": "eve@x.io", "password": wrong });
        house.post("/auth/register").json(body).send().await.must_refuse("/password", code);
        let answer = change(&house, &guest, PASSWORD, wrong).await.must_refuse("/new_password", code);
        assert!(!String::from_utf8_lossy(&answer.bytes).contains(wrong), "a password is never repeated");
        let made = command_api::create_admin(&house.app, "root@x.io", wrong).await;
        assert!(matches!(made, Err(command_api::AdminError::Password(_))), "{made:?}");
    }
    change(&house, &guest, PASSWORD, NEW).await.must_be(204);
}

#[tokio::test]
async fn of_many_changes_at_once_one_was_checked_against_the_password_that_was_good() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let news: Vec<_> = (0..4).map(|n| format!("{n} grey herons by the lake")).collect();
    let answers = join_all(news.iter().map(|new| change(&house, &guest, PASSWORD, new))).await;
    let done = answers.iter().filter(|answer| answer.status.as_u16() == 204).count();
    assert_eq!(done, 1, "{answers:?}");
    let changed =
        house.told_of(guest.id).await.iter().filter(|told| *told == "user.password_changed").count();
    assert_eq!(changed, 1);
}

#[tokio::test]
async fn only_whoever_is_signed_in_changes_a_password() {
    let house = House::new().await;
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    house.post("/auth/password").json(body).send().await.must_say(401, "unauthenticated");
}
