//! A visit by browser: cookies are kept and sent along as a browser does, and a strange page gets nowhere with them.

use crate::support::{Answered, Evident, PASSWORD, once, patiently, patiently_sent};
use reqwest::{Method, StatusCode, header::SET_COOKIE};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a browser keeps of one site.
#[derive(Default)]
struct Browser(BTreeMap<String, String>);

impl Browser {
    /// Sends a request from a page of this origin, and keeps what is set.
    async fn send(
        &mut self,
        evident: &Evident,
        method: Method,
        path: &str,
        origin: &str,
        body: Option<Value>,
    ) -> Answered {
        let cookies: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = evident.request(method.clone(), path).header("cookie", cookies.join("; "));
        if method != Method::GET {
            request = request.header("origin", origin);
        }
        if let Some(body) = body {
            request = request.header("evident-token-delivery", "cookie").json(&body);
        }
        let answer = patiently_sent(once(request)).await.expect("an answer");
        for line in answer.headers.get_all(SET_COOKIE) {
            let line = line.to_str().expect("a text");
            let (pair, attributes) = line.split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("a value");
            match attributes.contains("Max-Age=0") {
                true => self.0.remove(name),
                false => self.0.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }
}

#[tokio::test]
async fn somebody_visits_by_browser_and_a_strange_page_gets_nowhere() {
    let evident = Evident::start();
    let home = evident.url().to_owned();
    evident.register("ada@example.com").await;
    let mut browser = Browser::default();

    let credentials = json!({ "email": "ada@example.com", "password": PASSWORD });
    let answer = browser.send(&evident, Method::POST, "/auth/login", &home, Some(credentials.clone())).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["cache-control"], "private, no-store");
    let position = answer.position();
    let body = answer.body;
    assert!(body["session_id"].is_string() && body.get("access_token").is_none(), "{body}");

    let me = evident.request(Method::GET, "/auth/me").header("evident-min-position", position);
    let cookie = format!("evident_access={}", browser.0["evident_access"]);
    let (_, me) = patiently(me.header("cookie", cookie)).await;
    assert_eq!(me["session"]["id"], body["session_id"], "{me}");

    let first = browser.0["evident_refresh"].clone();
    let answer = browser.send(&evident, Method::POST, "/auth/refresh", &home, None).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_ne!(browser.0["evident_refresh"], first);

    for (method, path) in [(Method::POST, "/auth/logout"), (Method::DELETE, "/auth/sessions")] {
        let answer = browser.send(&evident, method, path, "https://evil.example", None).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(answer.body["code"], "cross-site");
    }
    let strange =
        browser.send(&evident, Method::POST, "/auth/login", "https://evil.example", Some(credentials)).await;
    assert_eq!(strange.status, StatusCode::FORBIDDEN);

    let access = browser.0["evident_access"].clone();
    let answer = browser.send(&evident, Method::POST, "/auth/logout", &home, None).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(!browser.0.contains_key("evident_access") && !browser.0.contains_key("evident_refresh"));
    let position = answer.position();
    let late = evident.request(Method::GET, "/auth/me").header("evident-min-position", position);
    let (status, _) = patiently(late.header("cookie", format!("evident_access={access}"))).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(browser.0.contains_key("evident_device"), "the device is known still");
    nothing_secret_stands_in_an_address(&evident).await;
    the_document_knows_the_cookie(&evident).await;
}

/// What is secret is sent by POST, in a body or a cookie: an address ends up in logs and histories.
async fn nothing_secret_stands_in_an_address(evident: &Evident) {
    for path in ["/auth/login?email=ada@example.com&password=canary", "/auth/refresh?refresh_token=canary"] {
        let answer = evident.request(Method::GET, path).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(answer.headers()["allow"], "POST", "{path}");
    }
    let log = std::fs::read_to_string(evident.folder().join("log.jsonl")).expect("a log");
    assert!(!log.contains("canary"));
}

async fn the_document_knows_the_cookie(evident: &Evident) {
    let document = evident.client.get(format!("{}/openapi.json", evident.url())).send().await;
    let document: Value = document.expect("an answer").json().await.expect("JSON");
    let scheme = &document["components"]["securitySchemes"]["cookie"];
    assert_eq!((&scheme["in"], &scheme["name"]), (&json!("cookie"), &json!("evident_access")));
    let security =
        document["paths"]["/api/v1/auth/me"]["get"]["security"].as_array().expect("a list").clone();
    for scheme in [json!({ "bearer": [] }), json!({ "cookie": [] })] {
        assert!(security.contains(&scheme), "{security:?}");
    }
}
