//! `EVIDENT_SECOND_FACTOR`: who has yet to show the second factor that is demanded of them sets it up, or leaves.

use crate::{
    authenticator::code,
    contract::{UNSIGNED, commands},
    house::{Answer, Guest, House, PASSWORD},
    second_factor::{confirm, enrol, holder},
    service_accounts::{account, create, key},
};
use axum::http::Method;
use events::StreamName;
use futures_util::future::join_all;
use serde_json::json;
use service::config::SecondFactorDemand;

const EMAIL: &str = "ada@x.io";

/// Commands that lead to the second factor, or out.
const OPEN: [&str; 5] = ["enrolTotp", "confirmTotp", "reauthenticate", "endOwnSession", "endOtherSessions"];

async fn demanding(demand: SecondFactorDemand) -> House {
    House::with(|config| config.second_factor = demand).await
}

/// A house where a second factor is demanded of who has this role.
async fn demanding_of(role: &str) -> House {
    demanding(SecondFactorDemand::Roles([role.parse().expect("a role name")].into())).await
}

/// A command that everybody may give who is not refused for something else.
async fn rename(house: &House, guest: &Guest, name: &str) -> Answer {
    let body = json!({ "display_name": name });
    house.patch(&format!("/users/{}", guest.id)).by(guest).json(body).send().await
}

async fn role(house: &House, method: Method, of: &Guest, by: &Guest) {
    let path = format!("/users/{}/roles/auditor", of.id);
    house.ask(method, &path).by(by).send().await.must_be(204);
}

#[tokio::test]
async fn without_what_is_demanded_every_command_is_refused_but_those_that_lead_there_or_out() {
    let house = demanding_of("admin").await;
    let admin = house.admin().await;
    let before = house.all_told().await.len();
    let mut refused = 0;
    for (id, method, path) in commands(&house) {
        if !UNSIGNED.contains(&id.as_str()) && !OPEN.contains(&id.as_str()) {
            let answer = house.ask(method, &path).by(&admin).send().await;
            let detail = answer.must_say(403, "second-factor-missing").body()["detail"].to_string();
            assert!(detail.contains("/auth/factors/totp"), "{id}: {detail}");
            refused += 1;
        }
    }
    assert_eq!(refused, commands(&house).len() - UNSIGNED.len() - OPEN.len());
    assert_eq!(house.all_told().await.len(), before, "nothing was done");
    house.post("/auth/email/verification").by(&admin).send().await.must_say(403, "second-factor-missing");

    let other = house.signed_in("root@admins.example").await;
    house.delete(&format!("/auth/sessions/{}", other.session)).by(&admin).send().await.must_be(204);
    house.delete("/auth/sessions").by(&admin).send().await.must_be(204);
    let again = json!({ "password": PASSWORD });
    let again = house.post("/auth/reauthenticate").by(&admin).json(again).send().await.must_be(200);
    let fresh = again.guest();
    enrol(&house, &fresh).await;
    confirm(&house, &fresh, "12345").await.must_refuse("/code", "code_invalid");
    let refreshed = house.refresh(&fresh.refresh_token).await.must_be(200).guest();
    rename(&house, &refreshed, "Root").await.must_say(403, "second-factor-missing");
    house.post("/auth/logout").by(&refreshed).send().await.must_be(204);
}

#[tokio::test]
async fn whoever_sets_it_up_goes_on_in_the_same_session() {
    let house = demanding_of("admin").await;
    let admin = house.admin().await;
    let before = admin.access_token.clone();
    let holder = holder(&house, admin).await;
    rename(&house, &holder.guest, "Root").await.must_be(200);
    // A token is what it was when it was made.
    let old = Guest { access_token: before, ..holder.guest.clone() };
    rename(&house, &old, "Nobody").await.must_say(403, "second-factor-missing");
    let refreshed = house.refresh(&holder.guest.refresh_token).await.must_be(200).guest();
    assert_eq!(refreshed.session, holder.guest.session);
    rename(&house, &refreshed, "Somebody").await.must_be(200);
    let body = |code: &str| json!({ "email": "root@admins.example", "password": PASSWORD, "code": code });
    for code in [code(&holder.secret, house.clock.now()), holder.recovery_codes[0].clone()] {
        let signed_in = house.post("/auth/login").json(body(&code)).send().await.must_be(200).guest();
        rename(&house, &signed_in, &code).await.must_be(200);
    }
}

#[tokio::test]
async fn a_role_that_demands_it_does_so_from_the_next_command_on() {
    let house = demanding_of("auditor").await;
    let admin = house.admin().await;
    let ada = house.guest(EMAIL).await;
    rename(&house, &ada, "Ada").await.must_be(200);
    role(&house, Method::PUT, &ada, &admin).await;
    rename(&house, &ada, "Countess").await.must_say(403, "second-factor-missing");
    role(&house, Method::DELETE, &ada, &admin).await;
    rename(&house, &ada, "Countess").await.must_be(200);
}

/// However the two fall together, nothing stands behind the role that a second factor would have been needed for.
#[tokio::test]
async fn nothing_is_done_without_it_behind_the_role_that_demands_it() {
    let house = House::with(|config| {
        config.second_factor = SecondFactorDemand::Roles(["auditor".parse().expect("a role name")].into());
        config.rate_limits = false;
    })
    .await;
    let admin = house.admin().await;
    let ada = house.guest(EMAIL).await;
    let mut refused = 0;
    for round in 0..40 {
        let names: Vec<_> = (0..6).map(|n| format!("Ada {round} {n}")).collect();
        let renamed = join_all(names.iter().map(|name| rename(&house, &ada, name)));
        let (renamed, ()) = tokio::join!(renamed, role(&house, Method::PUT, &ada, &admin));
        let told = house.told(&StreamName::user(ada.id)).await;
        assert_eq!(
            told.last().map(String::as_str),
            Some("user.role_granted"),
            "what was done without stands before it"
        );
        for answer in renamed {
            assert!([200, 403, 503].contains(&answer.status.as_u16()), "{answer:?}");
            refused += usize::from(answer.status != 200);
        }
        role(&house, Method::DELETE, &ada, &admin).await;
    }
    assert!(refused > 0, "the two never fell together");
}

#[tokio::test]
async fn what_is_demanded_is_not_given_up_and_no_code_is_used_for_the_try() {
    let house = demanding_of("auditor").await;
    let admin = house.admin().await;
    let ada = house.guest(EMAIL).await;
    role(&house, Method::PUT, &ada, &admin).await;
    let holder = holder(&house, ada).await;
    let remove = |body| house.delete("/auth/factors/totp").by(&holder.guest).json(body).send();
    let recovery = json!({ "code": holder.recovery_codes[0] });
    for body in [recovery.clone(), json!({ "password": PASSWORD })] {
        remove(body).await.must_say(409, "second-factor-demanded");
    }
    assert!(house.told(&StreamName::factor(holder.guest.id)).await.is_empty());
    // Another one may take its place at any time.
    enrol(&house, &holder.guest).await;
    role(&house, Method::DELETE, &holder.guest, &admin).await;
    remove(recovery).await.must_be(204);
}

#[tokio::test]
async fn who_lost_it_is_helped_and_sets_up_another() {
    let house = demanding_of("auditor").await;
    let admin = house.admin().await;
    let ada = house.guest(EMAIL).await;
    role(&house, Method::PUT, &ada, &admin).await;
    let lost = holder(&house, ada).await;
    rename(&house, &lost.guest, "Ada").await.must_be(200);
    house.delete(&format!("/users/{}/factors", lost.guest.id)).by(&admin).send().await.must_be(204);
    let guest = house.signed_in(EMAIL).await;
    rename(&house, &guest, "Countess").await.must_say(403, "second-factor-missing");
    let other = holder(&house, guest).await;
    rename(&house, &other.guest, "Countess").await.must_be(200);
}

#[tokio::test]
async fn demanded_of_everybody_it_is_of_whoever_registers_and_of_no_program() {
    let house = demanding(SecondFactorDemand::Everybody).await;
    let ada = house.guest(EMAIL).await;
    rename(&house, &ada, "Ada").await.must_say(403, "second-factor-missing");
    let admin = holder(&house, house.admin().await).await.guest;
    let account = account(&house, &admin, json!(["users:write"])).await;
    let (_, key) = key(&house, &admin, account, json!(["users:write"])).await;
    create(&house, &key, "grace@x.io").await.must_be(201);
}

/// AUTH-01.
#[tokio::test]
async fn demanded_of_everybody_it_lets_a_password_be_short() {
    let house = House::with(|config| {
        config.second_factor = SecondFactorDemand::Everybody;
        config.password_min = 8;
    })
    .await;
    let register = |password: &'static str| {
        house.post("/auth/register").json(json!({ "email": EMAIL, "password": password })).send()
    };
    register("q7!wv2z").await.must_refuse("/password", "password_too_short");
    register("zacharys").await.must_refuse("/password", "password_too_weak");
    register("q7!wv2zk").await.must_be(201);
    house.login(EMAIL, "q7!wv2zk").await.must_be(200);
}
