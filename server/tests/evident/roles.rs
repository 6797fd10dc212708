//! Each service by itself: what it answers, what it says of itself, and how it starts and stops.

use crate::{
    cluster::{Installation, Service},
    servers::Server,
    support::{ADMIN, PASSWORD, answer, once, patiently, patiently_sent},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Instant;

async fn sign_in(commands: &Service) -> (Value, String) {
    let login = once(commands.request(Method::POST, "/api/v1/auth/login"));
    let login = login.json(&json!({"email": ADMIN, "password": PASSWORD}));
    let signed_in = patiently_sent(login).await.expect("an answer");
    assert_eq!(signed_in.status, StatusCode::OK);
    let position = signed_in.position();
    (signed_in.body, position)
}

#[tokio::test]
async fn three_services_do_together_what_one_process_does() {
    let installation = Installation::new([]);
    installation.migrate();
    let (mut commands, mut queries) = (installation.command_api(), installation.query_api());
    commands.until_ready().await;
    let (signed_in, position) = sign_in(&commands).await;
    let token = signed_in["access_token"].as_str().expect("a token");

    // Nobody projects yet: the query side says that it shows the past, and answers nothing that is not there.
    queries.until("behind", |_, body| body["read_models"] == "behind").await;
    let me = |queries: &Service| {
        let me = queries.request(Method::GET, "/api/v1/auth/me").bearer_auth(token);
        me.header("Evident-Min-Position", &position)
    };
    let (status, problem) = answer(me(&queries)).await;
    assert_eq!((status, &problem["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("read-model-behind")));

    let mut projector = installation.projector();
    projector.until_ready().await;
    queries.until_ready().await;
    let (status, body) = patiently(me(&queries)).await;
    assert_eq!((status, &body["user"]["email"]), (StatusCode::OK, &json!(ADMIN)));

    // Each has its own part and no other.
    let (status, _) = answer(queries.request(Method::POST, "/api/v1/auth/login").json(&json!({}))).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = answer(commands.request(Method::GET, "/api/v1/auth/me")).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "deleting oneself is a command, and on the same path");
    let (_, of_commands) = commands.readiness().await.expect("readiness");
    assert_eq!(of_commands, json!({"status": "ready", "log": "ok", "vault": "ok"}));
    let (_, of_projector) = projector.readiness().await.expect("readiness");
    let everything =
        json!({"status": "ready", "log": "ok", "vault": "ok", "read_models": "ok", "projector": "ok"});
    assert_eq!(of_projector, everything);
    for service in [&commands, &queries] {
        documents_commands_and_queries(service).await;
    }
    let (status, _) = answer(projector.request(Method::GET, "/openapi.json")).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "nobody but machines asks a projector");
    for service in [&commands, &queries, &projector] {
        let healthy = service.health();
        assert!(healthy.status.success(), "{}", String::from_utf8_lossy(&healthy.stderr));
        let metrics = service.request(Method::GET, "/metrics").send().await.expect("an answer");
        assert_eq!(metrics.status(), StatusCode::OK);
    }
}

/// Anybody may ask whether a service is ready, as often as they like: the stores hear little of it.
#[tokio::test]
async fn a_hundred_who_ask_for_readiness_at_once_cause_few_looks_at_the_stores() {
    let installation = Installation::new([]);
    installation.migrate();
    let mut commands = installation.command_api();
    commands.until_ready().await;
    let began = Instant::now();
    let before = commands.counted("evident_readiness_checks_total").await;
    let asked: Vec<_> =
        (0..100).map(|_| tokio::spawn(commands.request(Method::GET, "/health/ready").send())).collect();
    for answer in asked {
        assert_eq!(answer.await.expect("an asker").expect("an answer").status(), StatusCode::OK);
    }
    let looks = commands.counted("evident_readiness_checks_total").await - before;
    // What is found is good for a quarter of a second.
    let most = 2.0 + began.elapsed().as_secs_f64() / 0.25;
    assert!(before >= 1.0 && looks <= most, "{looks} looks for a hundred askers, after {before}, not {most}");
}

/// Whoever is asked tells of all operations: behind a proxy they are on one address.
async fn documents_commands_and_queries(service: &Service) {
    let (status, document) = answer(service.request(Method::GET, "/openapi.json")).await;
    assert_eq!(status, StatusCode::OK);
    let operations = [
        ("/api/v1/auth/login", "post"),
        ("/api/v1/auth/me", "delete"),
        ("/api/v1/auth/me", "get"),
        ("/api/v1/users/{id}", "patch"),
        ("/api/v1/audit/events", "get"),
        ("/health/ready", "get"),
    ];
    for (path, method) in operations {
        let operation = &document["paths"][path][method];
        assert!(operation["operationId"].is_string(), "{method} {path} is not documented");
        assert!(operation["responses"]["500"].is_object(), "{method} {path} never fails");
    }
    let pages = service.request(Method::GET, "/docs/").send().await.expect("an answer");
    assert_eq!(pages.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_service_refuses_stores_that_nobody_migrated_and_keys_that_nobody_made() {
    let installation = Installation::new([]);
    // The folder of the files is not there either, which an operator who only forgot to migrate has.
    for mut service in [installation.command_api(), installation.projector(), installation.query_api()] {
        assert!(!service.wait().success());
        assert!(service.said().contains("not migrated"), "{}", service.said());
    }
    let keyless = Installation::new([("EVIDENT_MASTER_KEY_FILE", "nowhere.key")]);
    assert!(keyless.operator(&["migrate"]).status.success());
    let mut service = keyless.command_api();
    assert!(!service.wait().success());
    assert!(service.said().contains("nowhere.key is missing"), "{}", service.said());
}

#[tokio::test]
async fn a_service_waits_for_its_stores_says_so_and_stops_when_it_is_told() {
    let server = Server::postgres();
    let stores =
        ["EVIDENT_LOG_URL", "EVIDENT_VAULT_URL", "EVIDENT_READ_URL"].map(|name| (name, server.url()));
    let installation = Installation::new(stores);
    installation.migrate();
    server.stop();
    let (mut commands, mut projector, mut queries) =
        (installation.command_api(), installation.projector(), installation.query_api());
    for service in [&mut commands, &mut projector, &mut queries] {
        service.until("starting", |_, body| body["status"] == "starting").await;
        let ready = service.request(Method::GET, "/health/ready").send().await.expect("an answer");
        assert_eq!(
            (ready.status(), &ready.headers()["retry-after"]),
            (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().expect("a header"))
        );
        assert!(!service.health().status.success(), "alive and not ready");
        let alive = service.request(Method::GET, "/health").send().await.expect("an answer");
        assert_eq!(alive.status(), StatusCode::OK);
    }
    let (status, problem) =
        answer(commands.request(Method::POST, "/api/v1/auth/login").json(&json!({}))).await;
    assert_eq!((status, &problem["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable")));
    assert!(commands.terminate().success(), "a service that waits stops when it is told to");
    assert!(commands.said().contains("waiting for the log"), "{}", commands.said());

    server.restart();
    commands.restart();
    for service in [&mut commands, &mut projector, &mut queries] {
        service.until_ready().await;
    }
    sign_in(&commands).await;
}
