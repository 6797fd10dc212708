//! `POST /auth/login`

use crate::house::{Answer, House, PASSWORD};
use events::{EndCause, Fact, FailureCause, SessionRevoked, StreamName};
use futures_util::future::join_all;
use serde_json::json;
use service::config::Argon2Params;
use std::collections::BTreeSet;
use store::log::Stored;
use tokio::sync::Semaphore;

const WRONG: &str = "wrong horse battery staple";

#[tokio::test]
async fn signing_in_starts_a_session() {
    let house = House::new().await;
    house.guest("ada@x.io").await;
    let answer = house.login("ada@x.io", PASSWORD).await.must_be(200);
    let body = answer.body();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 600);
    assert!(body["refresh_token"].as_str().is_some_and(|token| token.starts_with("rt_")));
    assert_eq!(body["user"]["email"], "ada@x.io");
    assert!(body["user"]["last_login_at"].is_string());
    let guest = answer.guest();
    let facts = house.facts(&StreamName::session(guest.session)).await;
    let [Fact::SessionStarted(started)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!(started.user_id, guest.id);
    assert_eq!(started.expires_at, house.clock.now().after(std::time::Duration::from_secs(30 * 86_400)));
    assert!(house.is_signed_in(&guest).await);
}

#[tokio::test]
async fn each_sign_in_is_a_session_of_its_own() {
    let house = House::new().await;
    let first = house.guest("ada@x.io").await;
    let second = house.signed_in("ada@x.io").await;
    assert_ne!(first.session, second.session);
    assert_ne!(first.refresh_token, second.refresh_token);
    assert!(house.is_signed_in(&first).await && house.is_signed_in(&second).await);
}

#[tokio::test]
async fn whatever_is_wrong_the_answer_is_one() {
    let house = House::new().await;
    let admin = house.admin().await;
    for (name, path) in [("suspended", "/suspension"), ("deleted", ""), ("erased", "/erasure")] {
        let guest = house.guest(&format!("{name}@x.io")).await;
        let path = format!("/users/{}{path}", guest.id);
        let asking = match name {
            "suspended" => house.put(&path).json(json!({ "reason": "spam" })),
            "deleted" => house.delete(&path),
            _ => house.post(&path),
        };
        let done = asking.by(&admin).send().await;
        assert!(done.status.is_success(), "{name}: {done:?}");
    }
    house.guest("known@x.io").await;
    let invited = json!({ "email": "invited@x.io" });
    house.post("/users").by(&admin).json(invited).send().await.must_be(201);
    let mut seen = BTreeSet::new();
    for (email, password) in [
        ("known@x.io", WRONG),
        ("unknown@x.io", PASSWORD),
        ("suspended@x.io", PASSWORD),
        ("deleted@x.io", PASSWORD),
        ("erased@x.io", PASSWORD),
        ("invited@x.io", PASSWORD),
    ] {
        seen.insert(shape(house.login(email, password).await.must_say(401, "invalid-credentials")));
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
}

/// All of an answer that somebody could compare.
fn shape(answer: Answer) -> String {
    format!("{} {:?} {}", answer.status, answer.headers, String::from_utf8_lossy(&answer.bytes))
}

#[tokio::test]
async fn why_it_failed_is_written_down_and_not_answered() {
    let house = House::new().await;
    let admin = house.admin().await;
    let guest = house.guest("ada@x.io").await;
    house.login("ada@x.io", WRONG).await.must_be(401);
    let suspension = format!("/users/{}/suspension", guest.id);
    house.put(&suspension).by(&admin).json(json!({ "reason": "spam" })).send().await.must_be(204);
    house.login("ada@x.io", PASSWORD).await.must_be(401);
    house.login("nobody@x.io", PASSWORD).await.must_be(401);
    house.settle().await;
    let facts = house.facts(&StreamName::sign_in(guest.id)).await;
    let failed = |cause| {
        let failed = |fact: &&Fact| matches!(fact, Fact::SignInFailed(failed) if failed.cause == cause);
        facts.iter().filter(failed).count()
    };
    assert_eq!((failed(FailureCause::WrongPassword), failed(FailureCause::Suspended)), (1, 1));
    let failures = house.all_told().await.iter().filter(|told| *told == "user.sign_in_failed").count();
    assert_eq!(failures, 2, "nobody's failure is nobody's fact");
}

#[tokio::test]
async fn a_password_is_compared_whole_and_in_nfc() {
    let house = House::new().await;
    let long = "correct horse battery staple ".repeat(7);
    let body = json!({ "email": "ada@x.io", "password": long });
    house.post("/auth/register").json(body).send().await.must_be(201);
    house.login("ada@x.io", &long).await.must_be(200);
    house.login("ada@x.io", &long[..72]).await.must_be(401);
    let body = json!({ "email": "eve@x.io", "password": "cafe\u{301} noir sans sucre" });
    house.post("/auth/register").json(body).send().await.must_be(201);
    house.login("eve@x.io", "caf\u{e9} noir sans sucre").await.must_be(200);
    house.login("eve@x.io", " caf\u{e9} noir sans sucre").await.must_be(401);
}

#[tokio::test]
async fn signing_in_renews_a_hash_of_other_parameters() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let dearer = Argon2Params { memory_kib: 16, iterations: 1, parallelism: 1 };
    let house = house.reopened(|config| config.argon2 = dearer).await;
    for _ in 0..2 {
        house.login("ada@x.io", PASSWORD).await.must_be(200);
        house.settle().await;
        assert_eq!(house.told_of(guest.id).await, ["user.registered", "user.password_rehashed"]);
    }
}

#[tokio::test]
async fn a_sign_in_never_outlives_a_suspension_that_it_raced_with() {
    let house = House::new().await;
    let admin = house.admin().await;
    let mut succeeded = 0;
    // Twelve rounds, and more until somebody was overtaken between the first look at their account and the second.
    for round in 0.. {
        let email = format!("ada{round}@x.io");
        let guest = house.guest(&email).await;
        let suspension = format!("/users/{}/suspension", guest.id);
        // Comes with the logins, or when so many of them have been answered.
        let answered = Semaphore::new(0);
        let suspend = async {
            let _come = answered.acquire_many(round % 4).await.expect("it is open");
            house.put(&suspension).by(&admin).json(json!({ "reason": "spam" })).send().await
        };
        let logins = join_all((0..4).map(|_| async {
            let login = house.login(&email, PASSWORD).await;
            answered.add_permits(1);
            login
        }));
        let (suspended, logins) = tokio::join!(suspend, logins);
        suspended.must_be(204);
        // Nobody is signed in while they are suspended; what matters is who is afterwards.
        house.delete(&suspension).by(&admin).send().await.must_be(204);
        for login in logins.into_iter().filter(|login| login.status.is_success()) {
            assert!(!house.is_signed_in(&login.guest()).await);
            succeeded += 1;
        }
        let superseded = superseded_sessions(&house).await;
        if round >= 11 && succeeded > 0 && superseded > 0 {
            break;
        }
        assert!(round < 100, "{succeeded} sign-ins came before a suspension, {superseded} were overtaken");
    }
}

/// How many sessions were revoked, which here has one cause.
async fn superseded_sessions(house: &House) -> usize {
    let all = house.log.read_all(events::Position::START, 10_000).await.expect("the log is read");
    let revoked = |stored: &Stored| match stored.record.fact(|_, _| None) {
        Ok(Fact::SessionRevoked(SessionRevoked { cause, .. })) => Some(cause),
        _ => None,
    };
    let causes: Vec<_> = all.iter().filter_map(revoked).collect();
    assert!(causes.iter().all(|cause| *cause == EndCause::Superseded), "{causes:?}");
    causes.len()
}

#[tokio::test]
async fn a_body_that_is_no_sign_in_is_refused() {
    let house = House::new().await;
    let login = || house.post("/auth/login");
    login().json(json!({ "email": "ada@x.io" })).send().await.must_refuse("/password", "required");
    let body = json!({ "email": "ada@x.io", "password": "a\u{0}b" });
    login().json(body).send().await.must_refuse("/password", "password_invalid");
    let body = json!({ "email": "ada@x.io", "password": "x".repeat(2_000) });
    login().json(body).send().await.must_refuse("/password", "password_too_long");
    let body = json!({ "email": "ada@x.io", "password": PASSWORD, "session_id": "mine" });
    login().json(body).send().await.must_refuse("/session_id", "unknown_field");
}
