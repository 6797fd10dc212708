//! `/auth/factors`, and signing in with a code.

use crate::{
    authenticator::code,
    house::{Answer, Guest, House, PASSWORD, crowd},
    wrong_codes::{all_differ, is_near, wrong_code},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use events::{Fact, FailureCause, SecondFactor, StreamName};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

const STEP: Duration = Duration::from_secs(30);
const EMAIL: &str = "ada@x.io";

/// Somebody with a second factor.
pub(crate) struct Holder {
    pub(crate) guest: Guest,
    pub(crate) secret: String,
    pub(crate) recovery_codes: Vec<String>,
}

pub(crate) async fn enrol(house: &House, guest: &Guest) -> String {
    let answer = house.post("/auth/factors/totp").by(guest).send().await.must_be(201);
    answer.body()["secret"].as_str().expect("a secret").to_owned()
}

pub(crate) async fn confirm(house: &House, guest: &Guest, code: &str) -> Answer {
    house.post("/auth/factors/totp/confirmation").by(guest).json(json!({ "code": code })).send().await
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().expect("a list").iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
}

/// Sets up a second factor; the next code is that of the next step.
pub(crate) async fn holder(house: &House, guest: Guest) -> Holder {
    let secret = enrol(house, &guest).await;
    // Rarely two codes are the same, and using one then uses the other.
    while !all_differ(&secret, house.clock.now()) {
        house.clock.advance(STEP);
    }
    let answer = confirm(house, &guest, &code(&secret, house.clock.now())).await.must_be(200);
    let body = answer.body();
    let text = |field: &str| body["tokens"][field].as_str().expect("a text").to_owned();
    let (access_token, refresh_token) = (text("access_token"), text("refresh_token"));
    house.clock.advance(STEP);
    Holder {
        guest: Guest { access_token, refresh_token, ..guest },
        secret,
        recovery_codes: texts(&body["recovery_codes"]),
    }
}

async fn login(house: &House, password: &str, code: Option<&str>) -> Answer {
    let mut body = json!({ "email": EMAIL, "password": password });
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    house.post("/auth/login").json(body).send().await
}

/// What an access token says.
fn claims(token: &str) -> Value {
    let segment = token.split('.').nth(1).expect("three segments");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(segment).expect("base64url")).expect("JSON")
}

#[tokio::test]
async fn nothing_asks_for_a_code_before_one_has_confirmed_it() {
    let house = House::new().await;
    let guest = house.guest(EMAIL).await;
    let answer = house.post("/auth/factors/totp").by(&guest).send().await.must_be(201);
    let (secret, uri) = (answer.body()["secret"].clone(), answer.body()["otpauth_uri"].clone());
    let (secret, uri) = (secret.as_str().expect("a secret"), uri.as_str().expect("a URI"));
    assert!(secret.len() == 32 && uri.contains(secret) && uri.starts_with("otpauth://totp/"), "{uri}");
    login(&house, PASSWORD, None).await.must_be(200);
    let wrong = wrong_code(secret, house.clock.now());
    confirm(&house, &guest, &wrong).await.must_say(401, "invalid-credentials");
    confirm(&house, &guest, "12345").await.must_refuse("/code", "code_invalid");
    login(&house, PASSWORD, None).await.must_be(200);
    confirm(&house, &guest, &code(secret, house.clock.now())).await.must_be(200);
    login(&house, PASSWORD, None).await.must_say(401, "second-factor-required");
    confirm(&house, &guest, &code(secret, house.clock.now())).await.must_say(409, "no-second-factor");
}

#[tokio::test]
async fn confirming_again_proves_nothing_in_another_session() {
    let house = House::new().await;
    let admin = house.admin().await;
    let guest = house.guest(EMAIL).await;
    let secret = enrol(&house, &guest).await;
    let body = json!({ "code": code(&secret, house.clock.now()) });
    let confirm = |guest: &Guest| {
        let confirm = house.post("/auth/factors/totp/confirmation").by(guest);
        confirm.header("idempotency-key", "once").json(body.clone())
    };
    confirm(&guest).send().await.must_be(200);
    confirm(&guest).send().await.must_be(200);
    house.delete(&format!("/users/{}/factors", guest.id)).by(&admin).send().await.must_be(204);
    let other = login(&house, PASSWORD, None).await.must_be(200).guest();
    confirm(&other).send().await.must_say(409, "no-second-factor");
}

#[tokio::test]
async fn a_code_of_now_signs_in_beside_the_password() {
    let house = House::new().await;
    let holder = holder(&house, house.guest(EMAIL).await).await;
    let now = code(&holder.secret, house.clock.now());
    login(&house, "wrong horse battery staple", Some(&now)).await.must_say(401, "invalid-credentials");
    login(&house, PASSWORD, None).await.must_say(401, "second-factor-required");
    let answer = login(&house, PASSWORD, Some(&now)).await.must_be(200);
    assert_eq!(answer.body()["user"]["second_factor"], true);
    let said = claims(&answer.guest().access_token);
    assert_eq!(said["amr"], json!(["pwd", "otp", "mfa"]));
    let facts = house.facts(&StreamName::session(answer.guest().session)).await;
    let [Fact::SessionStarted(started)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!(started.second_factor, Some(SecondFactor::Totp));
}

/// AUTH-20.
#[tokio::test]
async fn a_code_is_good_once_and_takes_those_before_it_along() {
    let house = House::new().await;
    let holder = holder(&house, house.guest(EMAIL).await).await;
    let at = |seconds: u64| code(&holder.secret, house.clock.now().after(Duration::from_secs(seconds)));
    let before = code(&holder.secret, house.clock.now().before(STEP));
    let (now, next, later) = (at(0), at(30), at(60));
    login(&house, PASSWORD, Some(&before)).await.must_say(401, "invalid-credentials");
    login(&house, PASSWORD, Some(&later)).await.must_say(401, "invalid-credentials");
    login(&house, PASSWORD, Some(&next)).await.must_be(200);
    for used in [&next, &now] {
        login(&house, PASSWORD, Some(used)).await.must_say(401, "invalid-credentials");
    }
    house.clock.advance(STEP);
    login(&house, PASSWORD, Some(&later)).await.must_be(200);
}

/// AUTH-20, under a race: what decides is the log, which all instances share.
#[tokio::test]
async fn of_many_who_show_one_code_at_once_one_is_let_in() {
    let house = House::with(|config| config.rate_limits = false).await;
    let holder = holder(&house, house.guest(EMAIL).await).await;
    for code in [code(&holder.secret, house.clock.now()), holder.recovery_codes[0].clone()] {
        let answers = join_all((0..20).map(|_| login(&house, PASSWORD, Some(&code)))).await;
        let count = |status| answers.iter().filter(|answer| answer.status.as_u16() == status).count();
        assert_eq!((count(200), count(401)), (1, 19));
    }
    let used = house.told(&StreamName::factor(holder.guest.id)).await;
    assert_eq!(used, ["user.second_factor_used"; 2]);
}

#[tokio::test]
async fn ten_recovery_codes_are_each_good_once() {
    let house = House::new().await;
    let holder = holder(&house, house.guest(EMAIL).await).await;
    assert_eq!(holder.recovery_codes.iter().collect::<BTreeSet<_>>().len(), 10);
    for recovery in &holder.recovery_codes {
        login(&house, PASSWORD, Some(&recovery.to_uppercase())).await.must_be(200);
        login(&house, PASSWORD, Some(recovery)).await.must_say(401, "invalid-credentials");
    }
    let others = house.post("/auth/factors/recovery-codes").by(&holder.guest).send().await.must_be(200);
    login(&house, PASSWORD, Some(&texts(&others.body()["recovery_codes"])[0])).await.must_be(200);
    assert_ne!(texts(&others.body()["recovery_codes"]), holder.recovery_codes);
}

/// AUTH-12, AUTH-20.
#[tokio::test]
async fn a_hundred_and_one_guesses_at_a_code_are_throttled_as_those_at_a_password() {
    let house = House::new().await;
    let holder = holder(&house, house.guest(EMAIL).await).await;
    let now = house.clock.now();
    let (right, wrong) = (code(&holder.secret, now), wrong_code(&holder.secret, now));
    let answers = crowd((0..101).map(|_| login(&house, PASSWORD, Some(&wrong)))).await;
    let count = |status| answers.iter().filter(|answer| answer.status.as_u16() == status).count();
    assert_eq!((count(401), count(429)), (5, 96));
    login(&house, PASSWORD, Some(&right)).await.must_say(429, "too-many-attempts");
    house.settle().await;
    let facts = house.facts(&StreamName::sign_in(holder.guest.id)).await;
    let cause =
        |fact: &Fact| matches!(fact, Fact::SignInFailed(failed) if failed.cause == FailureCause::WrongCode);
    assert_eq!(facts.iter().filter(|fact| cause(fact)).count(), 5);
}

#[tokio::test]
async fn a_right_password_alone_gives_no_fresh_guesses_at_a_code() {
    let house = House::new().await;
    let holder = holder(&house, house.guest(EMAIL).await).await;
    let wrong = wrong_code(&holder.secret, house.clock.now());
    for _ in 0..5 {
        login(&house, PASSWORD, None).await.must_say(401, "second-factor-required");
        login(&house, PASSWORD, Some(&wrong)).await.must_say(401, "invalid-credentials");
    }
    login(&house, PASSWORD, None).await.must_say(429, "too-many-attempts");
}

#[tokio::test]
async fn who_has_none_is_not_asked_and_a_code_too_many_says_nothing() {
    let house = House::new().await;
    let guest = house.guest(EMAIL).await;
    login(&house, PASSWORD, Some("123456")).await.must_be(200);
    login(&house, PASSWORD, Some("x")).await.must_refuse("/code", "code_invalid");
    house.post("/auth/factors/recovery-codes").by(&guest).send().await.must_say(409, "no-second-factor");
    let remove = |body| house.delete("/auth/factors/totp").by(&guest).json(body).send();
    remove(json!({ "password": PASSWORD })).await.must_say(409, "no-second-factor");
    remove(json!({ "code": "123456" })).await.must_say(409, "no-second-factor");
    for body in [json!({}), json!({ "password": PASSWORD, "code": "123456" })] {
        remove(body).await.must_refuse("/code", "required");
    }
}

#[tokio::test]
async fn sessions_that_were_begun_without_a_code_end_when_one_is_asked_for() {
    let house = House::new().await;
    let (guest, other) = (house.guest(EMAIL).await, house.signed_in(EMAIL).await);
    let old_refresh_token = guest.refresh_token.clone();
    let holder = holder(&house, guest).await;
    assert!(!house.is_signed_in(&other).await);
    house.refresh(&other.refresh_token).await.must_be(401);
    assert!(house.is_signed_in(&holder.guest).await);
    assert_eq!(claims(&holder.guest.access_token)["amr"], json!(["pwd", "otp", "mfa"]));
    // Somebody may hold it who was there before the code was.
    house.refresh(&old_refresh_token).await.must_say(401, "invalid-refresh-token");
}

#[tokio::test]
async fn giving_it_up_takes_a_proof_and_ends_every_session() {
    let house = House::new().await;
    let holder = holder(&house, house.guest(EMAIL).await).await;
    let remove = |body| house.delete("/auth/factors/totp").by(&holder.guest).json(body).send();
    let wrong = wrong_code(&holder.secret, house.clock.now());
    remove(json!({ "code": wrong })).await.must_say(401, "invalid-credentials");
    remove(json!({ "password": "wrong horse battery staple" })).await.must_say(401, "invalid-credentials");
    remove(json!({ "code": code(&holder.secret, house.clock.now()) })).await.must_be(204);
    assert!(!house.is_signed_in(&holder.guest).await);
    let answer = login(&house, PASSWORD, None).await.must_be(200);
    assert_eq!(answer.body()["user"]["second_factor"], false);
    assert_eq!(claims(&answer.guest().access_token)["amr"], json!(["pwd"]));
}

#[tokio::test]
async fn another_authenticator_takes_the_place_of_the_first() {
    let house = House::new().await;
    let holder = holder(&house, house.guest(EMAIL).await).await;
    let other = enrol(&house, &holder.guest).await;
    login(&house, PASSWORD, Some(&code(&holder.secret, house.clock.now()))).await.must_be(200);
    confirm(&house, &holder.guest, &code(&other, house.clock.now())).await.must_be(200);
    house.clock.advance(STEP);
    while is_near(&other, house.clock.now(), &code(&holder.secret, house.clock.now())) {
        house.clock.advance(STEP);
    }
    let first = code(&holder.secret, house.clock.now());
    login(&house, PASSWORD, Some(&first)).await.must_say(401, "invalid-credentials");
    login(&house, PASSWORD, Some(&holder.recovery_codes[3])).await.must_say(401, "invalid-credentials");
    login(&house, PASSWORD, Some(&code(&other, house.clock.now()))).await.must_be(200);
}

#[tokio::test]
async fn whoever_lost_theirs_is_helped_by_who_may_do_at_least_as_much() {
    let house = House::new().await;
    let admin = house.admin().await;
    let define = house.put("/roles/helper").by(&admin).json(json!({ "permissions": ["users:write"] }));
    define.send().await.must_be(201);
    let helper = house.guest_with(&admin, "helper@x.io", "helper").await;
    let holder = holder(&house, house.guest(EMAIL).await).await;
    let path = |id| format!("/users/{id}/factors");
    house.delete(&path(holder.guest.id)).by(&holder.guest).send().await.must_say(403, "forbidden");
    house.delete(&path(admin.id)).by(&helper).send().await.must_say(403, "forbidden");
    house.delete(&path(helper.id)).by(&helper).send().await.must_say(403, "forbidden");
    house.delete(&path(holder.guest.id)).by(&helper).send().await.must_be(204);
    house.delete(&path(holder.guest.id)).by(&helper).send().await.must_be(204);
    assert!(!house.is_signed_in(&holder.guest).await);
    login(&house, PASSWORD, None).await.must_be(200);
    let told = house.told_of(holder.guest.id).await;
    assert_eq!(told.iter().filter(|told| *told == "user.second_factor_removed").count(), 1);
}

/// SESS-12: changing it takes a proof of a while ago.
#[tokio::test]
async fn a_factor_is_changed_by_a_fresh_proof_alone() {
    let house = House::with(|config| config.access_ttl = Duration::from_secs(3_600)).await;
    let guest = house.guest(EMAIL).await;
    house.clock.advance(Duration::from_secs(901));
    for path in ["/auth/factors/totp", "/auth/factors/recovery-codes"] {
        house.post(path).by(&guest).send().await.must_say(401, "insufficient-user-authentication");
    }
    confirm(&house, &guest, "123456").await.must_say(401, "insufficient-user-authentication");
}

#[tokio::test]
async fn a_second_try_shows_the_same_codes_and_does_nothing_new() {
    let house = House::new().await;
    let guest = house.guest(EMAIL).await;
    let enrol = || house.post("/auth/factors/totp").by(&guest).key("enrol").send();
    let first = enrol().await.must_be(201);
    assert_eq!(enrol().await.must_be(201).body(), first.body());
    let body = json!({ "code": code(first.body()["secret"].as_str().expect("a secret"), house.clock.now()) });
    let confirm =
        || house.post("/auth/factors/totp/confirmation").by(&guest).key("confirm").json(body.clone()).send();
    let (first, again) = (confirm().await.must_be(200), confirm().await.must_be(200));
    assert_eq!(first.body(), again.body());
    let expected = [
        "user.registered",
        "user.totp_enrolled",
        "user.totp_confirmed",
        "user.recovery_codes_issued",
        "user.sessions_revoked",
    ];
    assert_eq!(house.told_of(guest.id).await, expected);
}

/// AUTH-20: seeds are sealed, codes hashed; neither lies clear anywhere.
#[tokio::test]
async fn neither_secret_nor_codes_lie_clear_in_log_or_vault() {
    let house = House::new().await;
    let holder = holder(&house, house.guest(EMAIL).await).await;
    let kept = house.kept();
    let plain = |code: &String| code.replace('-', "").to_uppercase();
    let secrets = holder.recovery_codes.iter().flat_map(|code| [code.clone(), plain(code)]);
    for secret in secrets.chain([holder.secret.clone()]) {
        let found = kept.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} lies clear");
    }
    let facts = house.facts(&StreamName::user(holder.guest.id)).await;
    let issued = facts.iter().find_map(|fact| {
        if let Fact::RecoveryCodesIssued(fact) = fact { fact.credential.open() } else { None }
    });
    let issued = &issued.expect("codes were issued").recovery_codes;
    assert!(issued.iter().all(|hash| hash.len() == 44), "SHA-256 in base64");
}

#[tokio::test]
async fn a_token_from_before_it_was_confirmed_puts_no_other_in_its_place() {
    let house = House::new().await;
    let guest = house.guest(EMAIL).await;
    let stolen = guest.clone();
    let holder = holder(&house, guest).await;
    let refused = house.post("/auth/factors/totp").by(&stolen).send().await.must_be(403);
    assert_eq!(refused.body()["code"], "second-factor-missing");
    // Whoever has shown it may.
    let secret = enrol(&house, &holder.guest).await;
    let now = code(&secret, house.clock.now());
    let refused = confirm(&house, &stolen, &now).await.must_be(403);
    assert_eq!(refused.body()["code"], "second-factor-missing");
    confirm(&house, &holder.guest, &now).await.must_be(200);
}
