//! One refresh token, used by many at once at more than one service.

use crate::{
    cluster::Installation,
    support::{ADMIN, PASSWORD, answer, once, patiently, postgres_database},
};
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

/// For so long after its use the last refresh token is forgiven (`EVIDENT_REFRESH_GRACE`).
const GRACE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn fifty_refreshes_at_two_services_give_one_successor() {
    let database = postgres_database();
    let stores = ["EVIDENT_LOG_URL", "EVIDENT_VAULT_URL", "EVIDENT_READ_URL"];
    let installation = Installation::new(stores.map(|name| (name, database.as_str())));
    installation.migrate();
    let mut services = [installation.command_api(), installation.command_api()];
    for service in &mut services {
        service.until_ready().await;
    }
    for _ in 0..3 {
        let login = once(services[0].request(Method::POST, "/api/v1/auth/login"));
        let (status, first) = patiently(login.json(&json!({"email": ADMIN, "password": PASSWORD}))).await;
        assert_eq!(status, StatusCode::OK, "{first}");
        let began = Instant::now();
        let asked: Vec<_> = (0..50)
            .map(|nth| {
                let refresh = services[nth % 2].request(Method::POST, "/api/v1/auth/refresh");
                tokio::spawn(answer(refresh.json(&json!({"refresh_token": first["refresh_token"]}))))
            })
            .collect();
        let mut answers = Vec::new();
        for answered in asked {
            answers.push(answered.await.expect("an asker"));
        }
        // Whoever came later is told something else, and rightly.
        if began.elapsed() > GRACE {
            continue;
        }
        let mut successors = BTreeSet::new();
        for (status, next) in answers {
            assert_eq!(status, StatusCode::OK, "{next}");
            successors.insert(next["refresh_token"].as_str().expect("a token").to_owned());
        }
        assert_eq!(successors.len(), 1, "a session went two ways");
        return;
    }
    panic!("fifty refreshes take longer than {GRACE:?} each time");
}
