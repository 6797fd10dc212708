//! A second factor that is demanded: of what one service grants, both services know at once.

use crate::{
    authenticator::code,
    cluster::{Installation, Service},
    support::{ADMIN, PASSWORD, answer, once, patiently},
};
use events::Timestamp;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

fn text(body: &Value, field: &str) -> String {
    body[field].as_str().unwrap_or_else(|| panic!("no {field} in {body}")).to_owned()
}

async fn sign_in(commands: &Service, email: &str) -> Value {
    let login = once(commands.request(Method::POST, "/api/v1/auth/login"));
    let (status, tokens) = patiently(login.json(&json!({"email": email, "password": PASSWORD}))).await;
    assert_eq!(status, StatusCode::OK, "{tokens}");
    tokens
}

/// What is answered, and the position that it says.
async fn placed(request: RequestBuilder) -> (StatusCode, String) {
    let response = request.send().await.expect("an answer");
    let position = response.headers()["evident-position"].to_str().expect("a position").to_owned();
    (response.status(), position)
}

async fn must_be_missing(request: RequestBuilder) {
    let (status, problem) = patiently(request).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("second-factor-missing")));
}

#[tokio::test]
async fn a_role_that_demands_it_does_so_at_once_over_both_services_until_it_is_set_up() {
    let installation = Installation::new([("EVIDENT_SECOND_FACTOR", "auditor,front-dsek")]);
    installation.migrate();
    let (mut commands, mut projector) = (installation.command_api(), installation.projector());
    let mut queries = installation.query_api();
    for service in [&mut commands, &mut projector, &mut queries] {
        service.until_ready().await;
    }
    assert!(commands.said().contains("not defined: front-dsek"), "{}", commands.said());
    assert!(!commands.said().contains("not defined: auditor"), "{}", commands.said());
    let admin = text(&sign_in(&commands, ADMIN).await, "access_token");
    let (ada, email) = (json!({"email": "ada@example.com", "password": PASSWORD}), "ada@example.com");
    let register = once(commands.request(Method::POST, "/api/v1/auth/register")).json(&ada);
    assert_eq!(patiently(register).await.0, StatusCode::CREATED);
    let signed_in = sign_in(&commands, email).await;
    let (id, token) = (text(&signed_in["user"], "id"), text(&signed_in, "access_token"));
    let (path, role) = (format!("/api/v1/users/{id}"), format!("/api/v1/users/{id}/roles/auditor"));
    let rename = |token: &str, name: &str| {
        let patch = commands.request(Method::PATCH, &path).bearer_auth(token);
        patch.json(&json!({"display_name": name}))
    };
    let ask = |path: &str, token: &str, position: &str| {
        let get = queries.request(Method::GET, path).bearer_auth(token);
        get.header("Evident-Min-Position", position)
    };

    let (status, position) = placed(rename(&token, "Ada")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(patiently(ask(&path, &token, &position)).await.0, StatusCode::OK);

    let (status, position) = placed(commands.request(Method::PUT, &role).bearer_auth(&admin)).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    must_be_missing(rename(&token, "Countess")).await;
    must_be_missing(ask(&path, &token, &position)).await;
    must_be_missing(ask("/api/v1/users", &token, &position)).await;
    for open in ["/api/v1/auth/me", "/api/v1/auth/sessions"] {
        assert_eq!(patiently(ask(open, &token, &position)).await.0, StatusCode::OK, "{open}");
    }

    let enrol = commands.request(Method::POST, "/api/v1/auth/factors/totp").bearer_auth(&token);
    let (status, enrolled) = answer(enrol).await;
    assert_eq!(status, StatusCode::CREATED, "{enrolled}");
    let now = Timestamp::default().after(std::time::UNIX_EPOCH.elapsed().expect("a clock past 1970"));
    let shown = json!({"code": code(&text(&enrolled, "secret"), now)});
    let confirm = commands.request(Method::POST, "/api/v1/auth/factors/totp/confirmation");
    let (status, confirmed) = answer(confirm.bearer_auth(&token).json(&shown)).await;
    assert_eq!(status, StatusCode::OK, "{confirmed}");
    let proven = text(&confirmed["tokens"], "access_token");
    let (status, position) = placed(rename(&proven, "Countess")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(patiently(ask("/api/v1/users", &proven, &position)).await.0, StatusCode::OK);
    must_be_missing(ask("/api/v1/users", &token, &position)).await;
}
