//! `POST /auth/password/forgot`, `POST /auth/password/reset`

use crate::{
    house::{Answer, House, PASSWORD},
    second_factor::holder,
};
use events::{MailTopic, StreamName, UserId, Version};
use serde_json::json;
use service::mail_token::{MailPurpose, MailToken, MailTokens};
use std::time::Duration;
use store::vault::Purpose;

const NEW: &str = "seventeen grey herons at the lake";
const HOUR: Duration = Duration::from_secs(60 * 60);

/// The link that a mail holds, as the reactor makes it.
pub(crate) fn link(house: &House, purpose: MailPurpose, user: UserId, serial: u64) -> String {
    let tokens = MailTokens::new(&house.vault.server_key(Purpose::Mail));
    let expires_at = house.clock.now().after(purpose.ttl());
    tokens.issue(&MailToken { purpose, user, expires_at, serial: Version(serial) })
}

async fn forgot(house: &House, email: &str) -> Answer {
    let answer = house.post("/auth/password/forgot").json(json!({ "email": email })).send().await;
    house.settle().await;
    answer
}

async fn reset(house: &House, token: &str) -> Answer {
    let body = json!({ "token": token, "new_password": NEW });
    house.post("/auth/password/reset").json(body).send().await
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_once_and_every_session_ends() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    forgot(&house, "ADA@x.io").await.must_be(202);
    let token = link(&house, MailPurpose::PasswordReset, ada.id, 1);
    let answer = reset(&house, &token).await.must_be(204);
    assert!(answer.bytes.is_empty(), "nobody is signed in by it");
    house.refresh(&ada.refresh_token).await.must_be(401);
    assert!(!house.is_signed_in(&ada).await);
    house.login("ada@x.io", PASSWORD).await.must_be(401);
    let signed_in = house.login("ada@x.io", NEW).await.must_be(200);
    assert_eq!(signed_in.body()["user"]["email_verified"], true, "whoever reads the mail has the address");
    reset(&house, &token).await.must_say(400, "invalid-mail-token");
    let told = house.told_of(ada.id).await;
    let expected =
        ["user.registered", "user.password_changed", "user.sessions_revoked", "user.email_verified"];
    assert_eq!(told, expected);
    let kept = String::from_utf8_lossy(&house.kept()).into_owned();
    assert!(!kept.contains(&token), "no store holds a token");
}

/// Whoever reads the mail of an address that Ada has left must not get in by what went there.
#[tokio::test]
async fn a_link_to_an_address_that_was_left_is_void() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    forgot(&house, "ada@x.io").await.must_be(202);
    let token = link(&house, MailPurpose::PasswordReset, ada.id, 1);
    let wish = json!({ "password": PASSWORD, "new_email": "ada@y.io" });
    house.post("/auth/email").by(&ada).json(wish).send().await.must_be(202);
    let verify = json!({ "token": link(&house, MailPurpose::EmailChange, ada.id, 2) });
    house.post("/auth/email/verify").json(verify).send().await.must_be(204);
    reset(&house, &token).await.must_say(400, "invalid-mail-token");
    forgot(&house, "ada@y.io").await.must_be(202);
    reset(&house, &link(&house, MailPurpose::PasswordReset, ada.id, 2)).await.must_be(204);
}

/// Somebody may have registered with an address that is not theirs, and locked it with an authenticator of their own.
#[tokio::test]
async fn whoever_has_the_address_gets_in_whatever_a_squatter_set_up() {
    let house = House::new().await;
    let squatter = holder(&house, house.guest("ada@x.io").await).await;
    forgot(&house, "ada@x.io").await.must_be(202);
    reset(&house, &link(&house, MailPurpose::PasswordReset, squatter.guest.id, 1)).await.must_be(204);
    let body = house.login("ada@x.io", NEW).await.must_be(200).body();
    assert_eq!(body["user"]["second_factor"], false);
}

#[tokio::test]
async fn whoever_asks_learns_nothing() {
    let house = House::new().await;
    let admin = house.admin().await;
    house.guest("ada@x.io").await;
    let eve = house.guest("eve@x.io").await;
    let path = format!("/users/{}/suspension", eve.id);
    house.put(&path).by(&admin).json(json!({ "reason": "spam" })).send().await.must_be(204);
    let known = forgot(&house, "ada@x.io").await.must_be(202);
    let before = house.all_told().await.len();
    for email in ["nobody@x.io", "eve@x.io"] {
        let other = forgot(&house, email).await.must_be(202);
        assert_eq!(other.bytes, known.bytes);
        let names = |answer: &Answer| answer.headers.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&other), names(&known));
    }
    assert_eq!(house.all_told().await.len(), before, "neither of them is sent anything");
    forgot(&house, "no address").await.must_refuse("/email", "email_invalid");
}

#[tokio::test]
async fn a_link_is_void_after_a_newer_one_another_password_or_an_hour() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    forgot(&house, "ada@x.io").await;
    forgot(&house, "ada@x.io").await;
    let older = link(&house, MailPurpose::PasswordReset, ada.id, 1);
    reset(&house, &older).await.must_say(400, "invalid-mail-token");
    let newer = link(&house, MailPurpose::PasswordReset, ada.id, 2);
    house.clock.advance(HOUR);
    reset(&house, &newer).await.must_say(400, "invalid-mail-token");

    forgot(&house, "ada@x.io").await;
    let third = link(&house, MailPurpose::PasswordReset, ada.id, 3);
    let ada = house.signed_in("ada@x.io").await;
    let body = json!({ "current_password": PASSWORD, "new_password": "another horse battery staple" });
    house.post("/auth/password").by(&ada).json(body).send().await.must_be(204);
    reset(&house, &third).await.must_say(400, "invalid-mail-token");
}

#[tokio::test]
async fn a_mailbox_is_not_flooded() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    let stream = StreamName::mail(MailTopic::Reset, ada.id);
    for _ in 0..5 {
        forgot(&house, "ada@x.io").await.must_be(202);
    }
    assert_eq!(house.told(&stream).await.len(), 3);
    house.clock.advance(HOUR);
    forgot(&house, "ada@x.io").await.must_be(202);
    assert_eq!(house.told(&stream).await.len(), 4);
    assert_eq!(house.told_of(ada.id).await, ["user.registered"], "nobody else changes a person's version");
}

#[tokio::test]
async fn a_token_of_one_kind_is_none_of_another() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    forgot(&house, "ada@x.io").await;
    let token = link(&house, MailPurpose::PasswordReset, ada.id, 1);
    house.delete("/auth/sessions").bearer(&token).send().await.must_say(401, "invalid-token");
    house.refresh(&token).await.must_say(401, "invalid-refresh-token");
    let verify = json!({ "token": token });
    house.post("/auth/email/verify").json(verify).send().await.must_say(400, "invalid-mail-token");
    let others = [MailPurpose::Verification, MailPurpose::EmailChange, MailPurpose::Invitation];
    let links = others.map(|purpose| link(&house, purpose, ada.id, 1));
    for other in links.iter().chain([&ada.access_token, &ada.refresh_token]) {
        reset(&house, other).await.must_say(400, "invalid-mail-token");
    }
    reset(&house, &token).await.must_be(204);
}

#[tokio::test]
async fn whoever_is_invited_chooses_their_first_password() {
    let house = House::new().await;
    let admin = house.admin().await;
    let body = json!({ "email": "ada@x.io", "invite": true });
    let created = house.post("/users").by(&admin).json(body).send().await.must_be(201).body();
    let id: UserId = created["id"].as_str().expect("an id").parse().expect("an id");
    assert_eq!(house.told_of(id).await, ["user.registered", "user.invited"]);
    let token = link(&house, MailPurpose::Invitation, id, 2);
    reset(&house, &token).await.must_be(204);
    house.login("ada@x.io", NEW).await.must_be(200);
    reset(&house, &token).await.must_say(400, "invalid-mail-token");
    let secret = json!({ "email": "bob@x.io", "password": PASSWORD });
    let refused = house.post("/users").by(&admin).json(secret).send().await;
    refused.must_refuse("/password", "unknown_field");
}

#[tokio::test]
async fn a_password_by_mail_keeps_the_rules_and_the_link() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    forgot(&house, "ada@x.io").await;
    let token = link(&house, MailPurpose::PasswordReset, ada.id, 1);
    let body = json!({ "token": token, "new_password": "short" });
    let refused = house.post("/auth/password/reset").json(body).send().await;
    refused.must_refuse("/new_password", "password_too_short");
    reset(&house, &token).await.must_be(204);
}
