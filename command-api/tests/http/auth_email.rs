//! `POST /auth/email`, `POST /auth/email/verification`, `POST /auth/email/verify`, and registering where addresses are
//! verified first.

use crate::{
    auth_reset::link,
    house::{Answer, Guest, House, PASSWORD},
};
use events::{MailTopic, StreamName};
use serde_json::json;
use service::{config::Registration, mail_token::MailPurpose};
use std::time::Duration;
use store::vault::ClaimOutcome;

async fn verify(house: &House, token: &str) -> Answer {
    house.post("/auth/email/verify").json(json!({ "token": token })).send().await
}

async fn wish(house: &House, guest: &Guest, email: &str) -> Answer {
    let body = json!({ "password": PASSWORD, "new_email": email });
    house.post("/auth/email").by(guest).json(body).send().await
}

async fn register(house: &House, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    let answer = house.post("/auth/register").json(body).send().await;
    house.settle().await;
    answer
}

#[tokio::test]
async fn an_address_is_verified_once_by_the_link_that_was_mailed_last() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    let first = link(&house, MailPurpose::Verification, ada.id, 0);
    let again = house.post("/auth/email/verification").by(&ada).send().await.must_be(202);
    house.settle().await;
    assert!(again.bytes.is_empty());
    verify(&house, &first).await.must_say(400, "invalid-mail-token");
    let second = link(&house, MailPurpose::Verification, ada.id, 1);
    verify(&house, &second).await.must_be(204);
    verify(&house, &second).await.must_say(400, "invalid-mail-token");
    let body = house.login("ada@x.io", PASSWORD).await.must_be(200).body();
    assert_eq!(body["user"]["email_verified"], true);

    let stream = StreamName::mail(MailTopic::Verification, ada.id);
    for email in ["ada@x.io", "nobody@x.io"] {
        let body = json!({ "email": email });
        house.post("/auth/email/verification").json(body).send().await.must_be(202);
    }
    house.settle().await;
    assert_eq!(house.told(&stream).await.len(), 1, "there is nothing left to verify");
    house.post("/auth/email/verification").send().await.must_say(401, "unauthenticated");
}

#[tokio::test]
async fn the_link_of_a_registration_verifies_its_address() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    let token = link(&house, MailPurpose::Verification, ada.id, 0);
    house.clock.advance(Duration::from_secs(24 * 60 * 60));
    verify(&house, &token).await.must_say(400, "invalid-mail-token");
    let token = link(&house, MailPurpose::Verification, ada.id, 0);
    verify(&house, &token).await.must_be(204);
    assert_eq!(house.told_of(ada.id).await, ["user.registered", "user.email_verified"]);
}

#[tokio::test]
async fn where_addresses_are_verified_first_nobody_learns_who_is_there() {
    let house = House::with(|config| config.registration = Registration::Verified).await;
    let fresh = register(&house, "ada@x.io", PASSWORD).await.must_be(202);
    let taken = register(&house, "ADA@x.io", "another horse battery staple").await.must_be(202);
    assert_eq!(fresh.bytes, taken.bytes);
    let names = |answer: &Answer| answer.headers.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&fresh), names(&taken));
    assert_eq!(house.all_told().await, ["user.registered", "user.address_taken"]);

    let wrong = house.login("ada@x.io", "another horse battery staple").await;
    let wrong = wrong.must_say(401, "invalid-credentials");
    let unverified = house.login("ada@x.io", PASSWORD).await.must_say(401, "invalid-credentials");
    let without_ids = |answer: &Answer| {
        let mut body = answer.body();
        body["request_id"].take();
        body
    };
    assert_eq!(without_ids(&wrong), without_ids(&unverified));

    let registered = house.log.read_all(events::Position::START, 1).await.expect("the log is read");
    let events::Category::User(ada) = registered[0].record.stream.category() else { panic!("a person") };
    verify(&house, &link(&house, MailPurpose::Verification, ada, 0)).await.must_be(204);
    house.login("ada@x.io", PASSWORD).await.must_be(200);
}

#[tokio::test]
async fn an_operators_admin_signs_in_where_addresses_are_verified_first() {
    let house = House::with(|config| config.registration = Registration::Verified).await;
    house.admin().await;
}

#[tokio::test]
async fn an_address_is_changed_when_the_new_one_is_verified() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    wish(&house, &ada, "ada@y.io").await.must_be(202);
    house.login("ada@x.io", PASSWORD).await.must_be(200);
    house.login("ada@y.io", PASSWORD).await.must_be(401);
    let token = link(&house, MailPurpose::EmailChange, ada.id, 2);
    verify(&house, &token).await.must_be(204);
    verify(&house, &token).await.must_say(400, "invalid-mail-token");
    house.login("ada@x.io", PASSWORD).await.must_be(401);
    let body = house.login("ada@y.io", PASSWORD).await.must_be(200).body();
    assert_eq!((&body["user"]["email"], &body["user"]["email_verified"]), (&json!("ada@y.io"), &json!(true)));
    register(&house, "ada@y.io", PASSWORD).await.must_say(409, "email-taken");
    register(&house, "ada@x.io", PASSWORD).await.must_be(201);
    let told = house.told_of(ada.id).await;
    assert_eq!(told, ["user.registered", "user.email_change_requested", "user.email_changed"]);
}

#[tokio::test]
async fn somebody_elses_address_is_not_to_be_had_nor_is_it_told_that_it_is_theirs() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    let bob = house.guest("bob@x.io").await;
    wish(&house, &ada, "bob@x.io").await.must_be(202);
    let token = link(&house, MailPurpose::EmailChange, ada.id, 2);
    // Whoever follows the link reads Bob's mail, and may know.
    verify(&house, &token).await.must_say(409, "email-taken");
    assert_eq!(house.signed_in("bob@x.io").await.id, bob.id);
    assert_eq!(house.signed_in("ada@x.io").await.id, ada.id);
    let body = json!({ "password": "wrong horse battery staple", "new_email": "ada@y.io" });
    house.post("/auth/email").by(&ada).json(body).send().await.must_say(401, "invalid-credentials");
}

#[tokio::test]
async fn of_two_who_want_one_address_the_first_to_verify_has_it() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada@x.io").await, house.guest("bob@x.io").await);
    for guest in [&ada, &bob] {
        wish(&house, guest, "both@y.io").await.must_be(202);
    }
    let links = [ada.id, bob.id].map(|id| link(&house, MailPurpose::EmailChange, id, 2));
    let (one, other) = tokio::join!(verify(&house, &links[0]), verify(&house, &links[1]));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
}

/// A process that is killed between claiming the new address and writing it down leaves a claim.
#[tokio::test]
async fn an_address_that_was_claimed_and_never_had_is_free_after_a_minute() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    let claimed = house.vault.claim_address("ada@y.io", ada.id, house.clock.now()).await;
    assert_eq!(claimed.expect("the vault answers"), ClaimOutcome::Claimed);
    house.login("ada@y.io", PASSWORD).await.must_be(401);
    register(&house, "ada@y.io", PASSWORD).await.must_say(409, "email-taken");
    house.clock.advance(Duration::from_secs(61));
    register(&house, "ada@y.io", PASSWORD).await.must_be(201);
    house.login("ada@x.io", PASSWORD).await.must_be(200);
}
