//! What stands in log and vault: nobody's address, name, network or password.

use crate::house::House;
use serde_json::json;

const CANARIES: [&str; 6] =
    ["canary-local", "canary-domain", "Canary Name", "canary-agent", "canary reason", "$argon2id$"];

#[tokio::test]
async fn no_personal_data_lies_clear_in_log_or_vault() {
    let house = House::new().await;
    let admin = house.admin().await;
    let password = "canary-password seventeen herons";
    let body = json!({ "email": "canary-local@canary-domain.example", "password": password, "display_name": "Canary Name" });
    let register = house.post("/auth/register").key("canary-key").header("user-agent", "canary-agent");
    register.json(body).send().await.must_be(201);
    let credentials = json!({ "email": "canary-local@canary-domain.example", "password": password });
    let login =
        || house.post("/auth/login").header("user-agent", "canary-agent").json(credentials.clone()).send();
    let guest = login().await.must_be(200).guest();
    house.refresh(&guest.refresh_token).await.must_be(200);
    house.login("canary-local@canary-domain.example", "wrong canary-password").await.must_be(401);
    let suspension = format!("/users/{}/suspension", guest.id);
    house.put(&suspension).by(&admin).json(json!({ "reason": "canary reason" })).send().await.must_be(204);
    house.settle().await;
    let bytes = house.kept();
    assert!(contains(&bytes, "user.registered.v1"), "the log's records are among what was read");
    let secrets = [password, "canary-password", "canary-key", &guest.refresh_token, &guest.access_token];
    for canary in CANARIES.into_iter().chain(secrets) {
        assert!(!contains(&bytes, canary), "{canary} lies clear in them");
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn what_is_shown_of_a_secret_type_is_nothing() {
    let house = House::new().await;
    let guest = house.guest("ada@x.io").await;
    let facts = house.facts(&events::StreamName::user(guest.id)).await;
    assert!(!format!("{facts:?}").contains("argon2id"));
}
