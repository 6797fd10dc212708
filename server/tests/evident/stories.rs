//! Whole stories against the running binary, told over HTTP as a front end, an admin and an auditor would.

use crate::kurrent_server::KurrentServer;
use crate::support::{
    ADMIN, Answered, Evident, PASSWORD, answer, once, patiently, patiently_sent, postgres_database,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test]
async fn somebody_registers_signs_in_stays_signed_in_and_signs_out() {
    a_whole_visit(&Evident::start()).await;
}

#[tokio::test]
async fn the_same_visit_with_everything_on_postgresql() {
    let url = postgres_database();
    let stores =
        ["EVIDENT_LOG_URL", "EVIDENT_READ_URL", "EVIDENT_VAULT_URL"].map(|name| (name, url.as_str()));
    let admin = [("EVIDENT_ADMIN_EMAIL", ADMIN), ("EVIDENT_ADMIN_PASSWORD", PASSWORD)];
    let mut evident = Evident::start_with(stores.into_iter().chain(admin));
    a_whole_visit(&evident).await;
    evident.kill();
    evident.restart();
    let check = evident.operator(&["rebuild", "--check"]);
    assert!(check.status.success(), "{check:?}");
    let rebuilt = evident.operator(&["rebuild"]);
    assert!(rebuilt.status.success(), "{rebuilt:?}");
    let doctor = evident.operator(&["doctor"]);
    assert!(doctor.status.success(), "{doctor:?}");
    evident.token("ada@example.com").await;
}

#[tokio::test]
async fn the_same_visit_with_the_log_on_kurrentdb() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = KurrentServer::start(folder.path());
    let url = server.url();
    let mut evident = Evident::start_with([
        ("EVIDENT_LOG_URL", url.as_str()),
        ("EVIDENT_ADMIN_EMAIL", ADMIN),
        ("EVIDENT_ADMIN_PASSWORD", PASSWORD),
    ]);
    a_whole_visit(&evident).await;
    let admin = evident.token(ADMIN).await;
    let (status, listed) = answer(evident.request(Method::GET, "/audit/events").bearer_auth(&admin)).await;
    assert_eq!(status, StatusCode::OK, "{listed}");
    let position = listed["items"][1]["position"].as_u64().expect("a position");
    for (path, expected) in [
        (format!("/audit/events/{position}"), StatusCode::OK),
        (format!("/audit/events/{}", position + 1), StatusCode::NOT_FOUND),
        (format!("/audit/export?from={position}&to={position}"), StatusCode::OK),
        (format!("/audit/export?from={}", position + 1), StatusCode::UNPROCESSABLE_ENTITY),
        ("/audit/export".to_owned(), StatusCode::OK),
    ] {
        let (status, answered) = answer(evident.request(Method::GET, &path).bearer_auth(&admin)).await;
        assert_eq!(status, expected, "{path}: {answered}");
    }
    evident.kill();
    server.restart();
    evident.restart();
    for command in [&["rebuild", "--check"][..], &["rebuild"], &["doctor"]] {
        let done = evident.operator(command);
        assert!(done.status.success(), "{command:?}: {done:?}");
    }
    evident.token("ada@example.com").await;
}

async fn a_whole_visit(evident: &Evident) {
    let id = evident.register("ada@example.com").await;
    let first = evident.login("ada@example.com").await;
    let token = first["access_token"].as_str().expect("a token");
    assert_eq!(first["token_type"], "Bearer");
    assert_eq!(first["user"]["id"], id.as_str());

    let (status, me) = answer(evident.request(Method::GET, "/auth/me").bearer_auth(token)).await;
    assert_eq!(status, StatusCode::OK, "{me}");
    assert_eq!(me["user"]["email"], "ada@example.com");
    assert_eq!(me["session"]["id"], first["session_id"]);

    let (status, second) =
        evident.post("/auth/refresh", json!({"refresh_token": first["refresh_token"]})).await;
    assert_eq!(status, StatusCode::OK, "{second}");
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(second["session_id"], first["session_id"]);

    let second_token = second["access_token"].as_str().expect("a token");
    let (status, _) = answer(evident.request(Method::POST, "/auth/logout").bearer_auth(second_token)).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, problem) =
        evident.post("/auth/refresh", json!({"refresh_token": second["refresh_token"]})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!("invalid-refresh-token")));
    refused_soon(evident, second_token).await;
}

#[tokio::test]
async fn an_admin_suspends_reinstates_promotes_and_erases_somebody() {
    let evident = Evident::start();
    let id = evident.register("bob@example.com").await;
    let (admin, bob) = (evident.token(ADMIN).await, evident.token("bob@example.com").await);
    let command = |method, path: String, body: Option<Value>| {
        let request = evident.request(method, &path).bearer_auth(&admin);
        answer(match body {
            Some(body) => request.json(&body),
            None => request,
        })
    };

    let (status, _) =
        command(Method::PUT, format!("/users/{id}/suspension"), Some(json!({"reason": "spam"}))).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    refused_soon(&evident, &bob).await;
    let (status, problem) =
        evident.post("/auth/login", json!({"email": "bob@example.com", "password": PASSWORD})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!("invalid-credentials")));

    let (status, _) = command(Method::DELETE, format!("/users/{id}/suspension"), None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let bob = evident.token("bob@example.com").await;
    let (status, _) = answer(evident.request(Method::GET, "/users").bearer_auth(&bob)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);

    let promoted = evident.request(Method::PUT, &format!("/users/{id}/roles/auditor")).bearer_auth(&admin);
    let promoted = promoted.send().await.expect("an answer");
    assert_eq!(promoted.status(), StatusCode::NO_CONTENT);
    let position = promoted.headers()["evident-position"].to_str().expect("text").to_owned();
    let list = evident.request(Method::GET, "/users?q=bob").bearer_auth(&bob);
    let (status, list) = patiently(list.header("Evident-Min-Position", position)).await;
    assert_eq!(status, StatusCode::OK, "a role works before the token that lacks it expires: {list}");
    assert_eq!(list["items"][0]["roles"], json!(["auditor", "user"]));

    let (status, _) = command(Method::POST, format!("/users/{id}/erasure"), None).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let (status, _) =
        evident.post("/auth/login", json!({"email": "bob@example.com", "password": PASSWORD})).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (_, history) = command(Method::GET, format!("/audit/events?subject=user-{id}"), None).await;
    let registered = history["items"].as_array().expect("items").last().expect("the first event");
    assert_eq!(registered["type"], "user.registered.v1");
    assert_eq!(registered["data"]["profile"], json!({"erased": true}));
}

#[tokio::test]
async fn an_auditor_takes_the_whole_history_away_and_finds_each_record_in_its_place() {
    let evident = Evident::start();
    evident.register("eve@example.com").await;
    let admin = evident.token(ADMIN).await;
    let export = evident.request(Method::GET, "/audit/export?format=jsonl").bearer_auth(&admin);
    let export = export.send().await.expect("an answer");
    assert_eq!(export.status(), StatusCode::OK);
    let lines = export.text().await.expect("a body");
    assert!(lines.lines().count() >= 3, "{lines}");
    for (line, position) in lines.lines().zip(1..) {
        let one = evident.request(Method::GET, &format!("/audit/events/{position}")).bearer_auth(&admin);
        let (status, one) = answer(one).await;
        assert_eq!(status, StatusCode::OK, "{one}");
        let record: Value = serde_json::from_str(line).expect("a record");
        assert_eq!(one["id"], record["id"]);
    }
}

#[tokio::test]
async fn a_second_start_goes_on_where_the_first_stopped() {
    let mut evident = Evident::start();
    evident.register("ada@example.com").await;
    let token = evident.token("ada@example.com").await;
    assert!(evident.terminate().success(), "SIGTERM drains and stops");
    evident.restart();
    let (status, me) = answer(evident.request(Method::GET, "/auth/me").bearer_auth(&token)).await;
    assert_eq!(status, StatusCode::OK, "{me}");
    let check = evident.operator(&["rebuild", "--check"]);
    assert!(check.status.success(), "{check:?}");
}

#[tokio::test]
async fn the_first_start_makes_an_admin_with_an_initial_password_and_keys_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let evident = Evident::start_with([]);
    let password =
        evident.welcome.split("password: ").nth(1).expect("a password").lines().next().expect("a line");
    let body = json!({"email": "admin@localhost", "password": password.trim()});
    let (status, signed_in) = evident.post("/auth/login", body).await;
    assert_eq!(status, StatusCode::OK, "{signed_in}");
    let data = evident.folder().join("data");
    for entry in data.read_dir().expect("the data folder") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("metadata").permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{} is {mode:o}", entry.path().display());
    }
}

#[tokio::test]
async fn no_personal_data_stands_clear_outside_the_read_models() {
    let mut evident = Evident::start();
    evident.register("canary-address@example.com").await;
    let body = json!({"email": "canary-address@example.com", "password": PASSWORD});
    let login = once(evident.request(Method::POST, "/auth/login")).json(&body);
    let (status, _) = patiently(login.header("User-Agent", "canary-agent/1.0")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(evident.terminate().success());
    let mut searched = 0;
    for entry in evident.folder().join("data").read_dir().expect("the data folder") {
        let path = entry.expect("an entry").path();
        // Mails lie in a folder of their own where no server sends them: they name whom they are for.
        if path.is_dir() || path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("read")) {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        for canary in ["canary-address", "canary-agent", PASSWORD, "$argon2id$", "Somebody"] {
            let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
            assert!(!found, "{canary} stands clear in {}", path.display());
        }
        searched += 1;
    }
    assert!(searched >= 3, "the log, the vault and the master key");
    let log = std::fs::read_to_string(evident.folder().join("log.jsonl")).expect("the log lines");
    for canary in ["canary-address", "canary-agent", PASSWORD, "127.0.0.1\""] {
        assert!(!log.contains(canary), "{canary} stands in the log lines");
    }
}

#[tokio::test]
async fn the_openapi_document_and_the_docs_page_come_from_the_binary_alone() {
    let evident = Evident::start();
    let get = |path: &str| evident.client.get(format!("{}{path}", evident.url())).send();
    let document: Value = get("/openapi.json").await.expect("an answer").json().await.expect("a document");
    for path in ["/api/v1/auth/login", "/api/v1/auth/me", "/api/v1/users/{id}", "/api/v1/audit/events"] {
        assert!(document["paths"][path].is_object(), "{path} is not documented");
    }
    assert_eq!(document["servers"], json!([{"url": "/"}]), "the page may ask its own origin alone");
    let page = get("/docs/").await.expect("an answer");
    assert_eq!(page.status(), StatusCode::OK);
    let page = page.text().await.expect("a page");
    assert!(!page.contains("https://") && !page.contains("http://"), "an asset of another host: {page}");
    for path in ["/health", "/health/ready", "/metrics", "/.well-known/jwks.json"] {
        assert_eq!(get(path).await.expect("an answer").status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn the_document_says_how_long_a_password_must_be_here() {
    let admin = [("EVIDENT_ADMIN_EMAIL", ADMIN), ("EVIDENT_ADMIN_PASSWORD", PASSWORD)];
    let evident = Evident::start_with(admin.into_iter().chain([("EVIDENT_PASSWORD_MIN", "20")]));
    let document = evident.client.get(format!("{}/openapi.json", evident.url())).send().await;
    let document: Value = document.expect("an answer").json().await.expect("a document");
    let schemas = document["components"]["schemas"].as_object().expect("schemas").values();
    let properties =
        schemas.filter_map(|schema| schema["properties"].as_object()).flat_map(|all| all.values());
    let least: Vec<_> = properties
        .filter(|property| property["format"] == "new-password")
        .map(|property| &property["minLength"])
        .collect();
    assert_eq!(least, [&json!(20); 3], "to register, to change a password, and to choose another");
}

#[tokio::test]
async fn the_document_says_once_what_people_and_roles_are_and_which_headers_belong_where() {
    let evident = Evident::start();
    let document = evident.client.get(format!("{}/openapi.json", evident.url())).send().await;
    let document: Value = document.expect("an answer").json().await.expect("a document");
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    for (one, two) in [("User", "ShownUser"), ("Role", "ShownRole")] {
        assert!(schemas.contains_key(one) && !schemas.contains_key(two), "{one}");
    }
    let operation = |path: &str, method: &str| document["paths"][format!("/api/v1{path}")][method].clone();
    let understood = |operation: &Value| -> Vec<String> {
        let parameters = operation["parameters"].as_array().expect("parameters").iter();
        let headers = parameters.filter(|parameter| parameter["in"] == "header");
        headers.map(|header| header["name"].as_str().expect("a name").to_owned()).collect()
    };
    let answered = |operation: &Value, status: &str| -> Vec<String> {
        operation["responses"][status]["headers"].as_object().expect("headers").keys().cloned().collect()
    };
    let patch = operation("/users/{id}", "patch");
    assert_eq!(understood(&patch), ["If-Match", "X-Request-Id", "traceparent", "Idempotency-Key"]);
    assert_eq!(
        answered(&patch, "200"),
        ["ETag", "Evident-Position", "RateLimit", "RateLimit-Policy", "X-Request-Id"]
    );
    assert_eq!(
        answered(&patch, "401"),
        ["RateLimit", "RateLimit-Policy", "WWW-Authenticate", "X-Request-Id"]
    );
    assert_eq!(answered(&patch, "412"), ["RateLimit", "RateLimit-Policy", "X-Request-Id"]);
    let limited = ["RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id"];
    assert_eq!(answered(&patch, "429"), limited);
    assert_eq!(answered(&patch, "503"), limited);
    let created = operation("/users", "post");
    assert_eq!(
        answered(&created, "201"),
        ["ETag", "Evident-Position", "Location", "RateLimit", "RateLimit-Policy", "X-Request-Id"]
    );
    let list = operation("/users", "get");
    assert_eq!(understood(&list), ["X-Request-Id", "traceparent", "Evident-Min-Position"]);
    assert_eq!(answered(&list, "200"), ["Evident-Position", "RateLimit", "RateLimit-Policy", "X-Request-Id"]);
    let login = operation("/auth/login", "post");
    assert_eq!(answered(&login, "429"), limited);
}

#[tokio::test]
async fn commands_and_queries_show_the_same_person_and_the_same_role() {
    let evident = Evident::start();
    let admin = evident.token(ADMIN).await;
    let done = async |request| patiently_sent(once(request)).await.expect("an answer");
    let shown = async |path: String, after: &Answered| -> Value {
        let asked = evident.request(Method::GET, &path).bearer_auth(&admin);
        let (status, shown) = patiently(asked.header("Evident-Min-Position", after.position())).await;
        assert_eq!(status, StatusCode::OK, "{shown}");
        shown
    };
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "display_name": "Ada"});
    let registered = done(evident.request(Method::POST, "/auth/register").json(&body)).await;
    let id =
        registered.headers["location"].to_str().expect("text").rsplit('/').next().expect("an id").to_owned();
    let asked = shown(format!("/users/{id}"), &registered).await;
    assert_eq!(asked["last_login_at"], Value::Null);
    assert_eq!(registered.body, asked);

    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let signed_in = done(evident.request(Method::POST, "/auth/login").json(&body)).await;
    let asked = shown(format!("/users/{id}"), &signed_in).await;
    assert_eq!(signed_in.body["user"], asked);

    let body = json!({"permissions": ["users:read", "audit:read"]});
    let defined = evident.request(Method::PUT, "/roles/front-desk").bearer_auth(&admin).json(&body);
    let defined = done(defined).await;
    let roles = shown("/roles".into(), &defined).await;
    let mut items = roles["items"].as_array().expect("items").iter();
    assert!(items.any(|role| *role == defined.body), "{} is not in {roles}", defined.body);
}

/// A token that was revoked is refused by the queries soon, within 250 ms at p99, on a machine that has little else to do;
/// asked until then.
async fn refused_soon(evident: &Evident, token: &str) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let (status, _) = answer(evident.request(Method::GET, "/auth/me").bearer_auth(token)).await;
        if status == StatusCode::UNAUTHORIZED {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "a revoked token is still accepted");
    }
}

#[tokio::test]
async fn a_master_key_that_is_missing_is_never_made_up_again() {
    let mut evident = Evident::start();
    assert!(evident.terminate().success());
    let key = evident.folder().join("data/master.key");
    std::fs::rename(&key, evident.folder().join("elsewhere")).expect("a moved key");
    let refused = evident.operator(&["serve"]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("master.key is missing"), "{said}");
    assert!(!key.exists(), "a wrong key stands where the right one belongs");
    std::fs::rename(evident.folder().join("elsewhere"), &key).expect("the key back");
    evident.restart();
}

#[tokio::test]
async fn erasing_somebody_leaves_nothing_of_them_in_any_file() {
    let mut evident = Evident::start();
    let id = evident.register("vanishing-canary@example.com").await;
    evident.login("vanishing-canary@example.com").await;
    let rebuilt = evident.operator(&["rebuild"]);
    assert!(rebuilt.status.success(), "{rebuilt:?}");
    let admin = evident.token(ADMIN).await;
    let erased = evident.request(Method::POST, &format!("/users/{id}/erasure")).bearer_auth(&admin);
    let erased = erased.send().await.expect("an answer");
    assert_eq!(erased.status(), StatusCode::ACCEPTED);
    let position = erased.headers()["evident-position"].to_str().expect("text").to_owned();
    let user = evident.request(Method::GET, &format!("/users/{id}")).bearer_auth(&admin);
    let (_, user) = patiently(user.header("Evident-Min-Position", position)).await;
    assert_eq!((&user["status"], &user["email"]), (&json!("erased"), &Value::Null));
    assert!(evident.terminate().success());
    for entry in evident.folder().join("data").read_dir().expect("the data folder") {
        let path = entry.expect("an entry").path();
        // Mails that were sent are out of our hands; where no server sends them they lie in a folder.
        if path.is_dir() {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        let found = bytes.windows(16).any(|window| window == b"vanishing-canary");
        assert!(!found, "somebody erased still stands in {}", path.display());
    }
}
