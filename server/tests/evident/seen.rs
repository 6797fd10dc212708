//! What is seen of a running process: that who did what is told, that nothing is told of anybody that should not be, and
//! that nobody can write into the log what did not happen.

use crate::support::{ADMIN, Evident, PASSWORD, answer, once, patiently};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Write},
    net::TcpStream,
};

/// Stands in every value that a client sends, and nowhere else.
const CANARY: &str = "kanarie";
const SECRET: &str = "a kanarie that nobody guesses";
/// A client that a header names, and that is nobody to believe.
const ELSEWHERE: &str = "198.51.100.77";

/// The process's log, by lines.
fn log(evident: &Evident) -> String {
    fs::read_to_string(evident.folder().join("log.jsonl")).expect("a log")
}

fn security(log: &str) -> Vec<Value> {
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|line| line["target"] == "security").collect()
}

async fn done(evident: &Evident, token: &str, method: Method, path: &str, body: Value) -> Value {
    let request = evident.request(method.clone(), path).bearer_auth(token);
    let request = if body.is_null() { request } else { once(request).json(&body) };
    let (status, said) = patiently(request).await;
    assert!(status.is_success(), "{method} {path}: {status} {said}");
    said
}

async fn refused(evident: &Evident, token: &str, method: Method, path: &str, code: &str) {
    let (_, said) = answer(evident.request(method.clone(), path).bearer_auth(token)).await;
    assert_eq!(said["code"], code, "{method} {path}: {said}");
}

#[tokio::test]
async fn whoever_watches_is_told_who_did_what_and_who_was_refused() {
    let mut evident = Evident::start();
    let admin = evident.token(ADMIN).await;
    let ada = evident.register("ada@example.com").await;
    let signed_in = evident.login("ada@example.com").await;
    let token = signed_in["access_token"].as_str().expect("a token");
    refused(&evident, token, Method::GET, "/users", "forbidden").await;
    refused(&evident, "nonsense", Method::GET, "/users", "invalid-token").await;
    // What is somebody else's looks like what is not there; what is not there is told to nobody.
    let root = done(&evident, &admin, Method::GET, "/auth/me", Value::Null).await;
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    let (person, session) = (text(&root["user"]["id"]), text(&root["session"]["id"]));
    refused(&evident, token, Method::GET, &format!("/users/{person}"), "not-found").await;
    refused(&evident, token, Method::DELETE, &format!("/users/{person}/picture"), "not-found").await;
    refused(&evident, token, Method::DELETE, &format!("/auth/sessions/{session}"), "not-found").await;
    refused(&evident, &admin, Method::GET, &format!("/users/{session}"), "not-found").await;
    refused(&evident, token, Method::GET, "/nowhere", "not-found").await;

    let mut refresh = vec![signed_in["refresh_token"].clone()];
    for _ in 0..2 {
        let (_, said) = evident.post("/auth/refresh", json!({"refresh_token": refresh.last()})).await;
        refresh.push(said["refresh_token"].clone());
    }
    let (status, _) = evident.post("/auth/refresh", json!({"refresh_token": refresh[0]})).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);

    let own = json!({"current_password": PASSWORD, "new_password": SECRET});
    let again = evident.token("ada@example.com").await;
    done(&evident, &again, Method::POST, "/auth/password", own).await;
    let (user, role) = (format!("/users/{ada}"), format!("/users/{ada}/roles/helpers"));
    done(&evident, &admin, Method::PUT, "/roles/helpers", json!({"permissions": ["users:read"]})).await;
    done(&evident, &admin, Method::PUT, &role, Value::Null).await;
    done(&evident, &admin, Method::DELETE, &role, Value::Null).await;
    let suspension = format!("{user}/suspension");
    done(&evident, &admin, Method::PUT, &suspension, json!({"reason": "a test"})).await;
    done(&evident, &admin, Method::DELETE, &suspension, Value::Null).await;
    for _ in 0..6 {
        evident
            .post("/auth/login", json!({"email": "ada@example.com", "password": "not the right one"}))
            .await;
    }
    done(&evident, &admin, Method::DELETE, &format!("{user}/lockout"), Value::Null).await;
    let exported = evident.request(Method::GET, "/audit/export?format=jsonl").bearer_auth(&admin);
    assert_eq!(exported.send().await.expect("an answer").status(), StatusCode::OK);
    done(&evident, &admin, Method::DELETE, &user, Value::Null).await;
    done(&evident, &admin, Method::POST, &format!("{user}/erasure"), Value::Null).await;
    assert!(evident.terminate().success());

    let told = security(&log(&evident));
    let of = |field: &str| -> BTreeSet<String> {
        told.iter().filter_map(|line| line[field].as_str().map(str::to_owned)).collect()
    };
    let events = "user.registered.v1 session.started.v1 session.replay_detected.v1 user.password_changed.v1 role.defined.v1 \
        user.role_granted.v1 user.role_revoked.v1 user.suspended.v1 user.reinstated.v1 user.sign_in_failed.v1 \
        user.locked_out.v1 user.lockout_lifted.v1 audit.exported.v1 user.deleted.v1 user.erased.v1 request.refused";
    for event in events.split_whitespace() {
        assert!(of("event").contains(event), "nobody was told of {event}: {:?}", of("event"));
    }
    for code in
        ["forbidden", "invalid-token", "invalid-refresh-token", "invalid-credentials", "too-many-attempts"]
    {
        assert!(of("code").contains(code), "nobody was told of {code}: {:?}", of("code"));
    }
    for line in &told {
        let text = |field: &str| line[field].as_str().unwrap_or_default();
        assert!(text("timestamp").ends_with('Z') && !text("request_id").is_empty(), "{line}");
        let who = if text("outcome") == "done" { ["actor", "subject"] } else { ["method", "route"] };
        assert!(who.iter().all(|field| !text(field).is_empty()), "{line}");
    }
    let hidden = told.iter().filter(|line| line["code"] == "not-found");
    let hidden: Vec<_> = hidden.map(|line| (line["route"].clone(), line["user.id"].clone())).collect();
    let routes = ["/api/v1/users/{id}", "/api/v1/users/{id}/picture", "/api/v1/auth/sessions/{id}"];
    assert_eq!(hidden, routes.map(|route| (json!(route), json!(ada))));
    let granted = told.iter().find(|line| line["event"] == "user.role_granted.v1").expect("a grant");
    assert_eq!(granted["subject"], format!("user-{ada}"));
    assert!(granted["actor"].as_str().is_some_and(|actor| actor.starts_with("user:")), "{granted}");
    assert_eq!(
        told.iter().filter(|line| line["event"] == "user.sign_in_failed.v1").count(),
        5,
        "one for each"
    );
}

/// Every header that a client may send, each with the canary in it.
fn with_canaries(request: RequestBuilder, key: usize) -> RequestBuilder {
    request
        .header("user-agent", format!("{CANARY}/1.0"))
        .header("cookie", format!("session={CANARY}"))
        .header("referer", format!("https://{CANARY}.example.com"))
        .header("origin", format!("https://{CANARY}.example.com"))
        .header("idempotency-key", format!("{CANARY}-{key}"))
        .header("x-request-id", format!("{CANARY} is no id"))
        .header("x-forwarded-for", ELSEWHERE)
        .header("traceparent", CANARY)
        .header("x-api-key", CANARY)
}

/// What stands behind a schema's `$ref`, or the schema.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    name.map_or(schema, |name| &document["components"]["schemas"][name])
}

/// A body with the canary in each field that the operation knows.
fn body(document: &Value, operation: &Value) -> Value {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let schema = resolved(document, schema);
    let fields = schema["properties"].as_object().map(|fields| fields.keys().cloned().collect::<Vec<_>>());
    fields.unwrap_or_default().into_iter().map(|field| (field, Value::from(CANARY))).collect()
}

/// Sends every operation with the canary wherever a value belongs; gives how many there were.
async fn every_operation(evident: &Evident, token: &str) -> usize {
    let document: Value = serde_json::from_str(
        &evident
            .client
            .get(format!("{}/openapi.json", evident.url()))
            .send()
            .await
            .expect("an answer")
            .text()
            .await
            .expect("a text"),
    )
    .expect("JSON");
    let (mut asked, mut turned_away) = (0, 0);
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            if path.ends_with("/auth/logout") && token != CANARY {
                continue;
            }
            let mut url = format!("{}{path}?{CANARY}={CANARY}", evident.url());
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap_or_default();
                url = url.replace(&format!("{{{name}}}"), CANARY);
                if parameter["in"] == "query" {
                    url.push_str(&format!("&{name}={CANARY}"));
                }
            }
            // Whatever still has a hole was described without its parameter.
            assert!(!url.contains('{'), "{url}");
            asked += 1;
            let request =
                with_canaries(evident.client.request(method.clone(), &url), asked).bearer_auth(token);
            let request =
                if method == Method::GET { request } else { request.json(&body(&document, operation)) };
            let status = request.send().await.expect("an answer").status();
            assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{method} {url}");
            if [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&status) {
                turned_away += 1;
                continue;
            }
            let ways = operation["security"].as_array();
            let is_open = ways.is_none_or(|ways| ways.contains(&json!({})));
            // Some look at what the body should prove, whoever asks.
            let name = format!("{method} {}", path.trim_start_matches("/api/v1"));
            let proves =
                ["POST /auth/refresh", "POST /auth/logout", "DELETE /auth/me"].contains(&name.as_str());
            let refused = proves || (token == CANARY && !is_open);
            assert_eq!(status == StatusCode::UNAUTHORIZED, refused, "{name}: {status}");
        }
    }
    assert!(turned_away * 4 < asked, "{turned_away} of {asked} were not even looked at");
    asked
}

/// One person's life, with the canary in all that is theirs; gives the tokens that they were given.
async fn a_life(evident: &Evident, admin: &str, number: usize) -> Vec<String> {
    let email = format!("{CANARY}{number}@example.com");
    let register = json!({"email": email, "password": SECRET, "display_name": format!("{CANARY} the bird")});
    let asked =
        with_canaries(evident.request(Method::POST, "/auth/register"), 1_000 + number).json(&register);
    let (status, user) = patiently(asked).await;
    assert_eq!(status, StatusCode::CREATED, "{user}");
    let login = json!({"email": email, "password": SECRET});
    let asked = with_canaries(evident.request(Method::POST, "/auth/login"), 2_000 + number).json(&login);
    let (status, signed_in) = patiently(asked).await;
    assert_eq!(status, StatusCode::OK, "{signed_in}");
    let (_, wrong) =
        evident.post("/auth/login", json!({"email": email, "password": format!("{SECRET}!")})).await;
    assert_eq!(wrong["code"], "invalid-credentials");
    let (_, next) = evident.post("/auth/refresh", json!({"refresh_token": signed_in["refresh_token"]})).await;
    let token = next["access_token"].as_str().expect("a token").to_owned();
    let id = user["id"].as_str().expect("an id");
    let name = json!({"display_name": format!("{CANARY} of another name")});
    done(evident, &token, Method::PATCH, &format!("/users/{id}"), name).await;
    let reason = json!({"reason": format!("{CANARY} sings")});
    done(evident, admin, Method::PUT, &format!("/users/{id}/suspension"), reason).await;
    let tokens = [
        &signed_in["access_token"],
        &signed_in["refresh_token"],
        &next["access_token"],
        &next["refresh_token"],
    ];
    tokens.map(|token| token.as_str().expect("a token").to_owned()).to_vec()
}

/// Tries to write lines of its own into the log: in a path, in fields, in headers as bytes.
async fn inject(evident: &Evident) {
    let forged = "x\r\n{\"level\":\"ERROR\",\"message\":\"forged\"}\u{1b}[2J";
    evident.post("/auth/login", json!({"email": forged, "password": forged})).await;
    evident
        .post("/auth/register", json!({"email": "b@example.com", "password": SECRET, "display_name": forged}))
        .await;
    let path = "/users/%0d%0a%7B%22level%22%3A%22ERROR%22%7D%1b%5B2J";
    drop(evident.request(Method::GET, path).send().await.expect("an answer"));
    let address = evident.url().strip_prefix("http://").expect("an address");
    for header in
        ["User-Agent: a\u{1b}[2J", "User-Agent: b\u{9b}2J", "X-Request-Id: c\rd", "X-Request-Id: e\u{1b}[2J"]
    {
        let mut raw = TcpStream::connect(address).expect("a connection");
        let request = format!(
            "GET /api/v1/auth/me HTTP/1.1\r\nhost: {address}\r\n{header}\r\nconnection: close\r\n\r\n"
        );
        raw.write_all(request.as_bytes()).expect("it listens");
        let mut answer = String::new();
        raw.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 4"), "{header:?}: {answer}");
    }
}

#[track_caller]
fn nothing_of(secrets: &[String], place: &str, bytes: &[u8]) {
    assert!(!bytes.is_empty(), "{place} is empty: nothing was looked at");
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    for secret in secrets {
        let secret = secret.to_lowercase();
        let found =
            text.find(&secret).map(|at| text[..at].rsplit('\n').next().unwrap_or_default().to_owned());
        assert!(found.is_none(), "{place} holds {secret}, behind {found:?}");
    }
}

#[tokio::test]
async fn nothing_that_a_client_sent_is_seen_anywhere() {
    let mut evident = Evident::start();
    let mut secrets: Vec<String> =
        [CANARY, "$argon2", "argon2id", PASSWORD, ADMIN, ELSEWHERE, "127.0.0.1"].map(str::to_owned).to_vec();
    let mut begun = 0;
    for (number, format) in ["json", "text"].into_iter().enumerate() {
        evident.set("EVIDENT_LOG_FORMAT", format);
        assert!(evident.terminate().success());
        evident.restart();
        let admin = evident.token(ADMIN).await;
        secrets.push(admin.clone());
        secrets.extend(a_life(&evident, &admin, number).await);
        for token in [CANARY, &admin] {
            let asked = every_operation(&evident, token).await;
            assert!(asked > 30, "only {asked} operations were found");
        }
        inject(&evident).await;
        let metrics =
            evident.client.get(format!("{}/metrics", evident.url())).send().await.expect("an answer");
        let metrics = metrics.text().await.expect("a text");
        assert!(metrics.contains("evident_http_requests_total"), "{metrics}");
        nothing_of(&secrets, "/metrics", metrics.as_bytes());
        assert!(!metrics.contains('@'), "a label locates somebody");
        assert!(evident.terminate().success());

        let written = log(&evident);
        let lines = &written[begun..];
        begun = written.len();
        assert!(lines.lines().count() > 60, "{format}: only {} lines", lines.lines().count());
        nothing_of(&secrets, &format!("the {format} log"), lines.as_bytes());
        assert!(!lines.contains("forged") && !lines.contains("[2J"), "{format}: somebody wrote into the log");
        for line in lines.lines() {
            match format {
                "json" => assert!(
                    serde_json::from_str::<Value>(line).is_ok_and(|line| line["level"].is_string()),
                    "{line}"
                ),
                _ => assert!(["INFO", "WARN", "ERROR"].iter().any(|level| line.contains(level)), "{line:?}"),
            }
        }
        // What is kept of it is sealed.
        nothing_of(&secrets, "log.db", &fs::read(evident.folder().join("data/log.db")).expect("the log"));
        evident.restart();
    }
}

#[test]
fn memory_is_never_dumped() {
    let evident = Evident::start();
    let limits = fs::read_to_string(format!("/proc/{}/limits", evident.pid())).expect("its limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("the limit");
    let numbers: Vec<_> =
        core.split_whitespace().filter(|word| word.chars().all(|sign| sign.is_ascii_digit())).collect();
    assert_eq!(numbers, ["0", "0"], "{core}");
}
