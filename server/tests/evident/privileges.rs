//! The logins that `deploy/postgres/roles.sh` makes: with them the services do all of their work, and nothing else.

use crate::{
    cluster::{Installation, Service},
    servers::{Server, nats_programs},
    support::{ADMIN, PASSWORD, once, patiently, root},
};
use events::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::{process::Command, time::Duration};

const LOGINS: [&str; 4] = ["owner", "command", "projector", "query"];

/// How PostgreSQL, and our own function, say no.
const REFUSALS: [&str; 5] = [
    "permission denied",
    "must be superuser",
    "only notes of exports and of the use of keys are taken",
    "invalid byte sequence",
    "value out of range",
];

/// Where a login finds a database: `postgres://evident_query:…@host/evident_log`.
fn url(server: &Server, login: &str, database: &str) -> String {
    let (_, address) = server.url().split_once('@').expect("a user");
    let (address, _) = address.split_once('/').expect("a database");
    format!("postgres://evident_{login}:{login}-password@{address}/evident_{database}")
}

fn make_logins(server: &Server) {
    let mut script = Command::new(root().join("deploy/postgres/roles.sh"));
    let address = url(server, "owner", "log");
    let address = address.split('@').nth(1).and_then(|rest| rest.split('/').next()).expect("an address");
    let (host, port) = address.split_once(':').expect("a port");
    script.env("PGHOST", host).env("PGPORT", port).env("PGUSER", "evident");
    for login in LOGINS {
        script.env(format!("EVIDENT_{}_PASSWORD", login.to_uppercase()), format!("{login}-password"));
    }
    assert!(script.status().expect("the script runs").success());
}

/// What psql says of a statement that a login tries.
fn tried(server: &Server, login: &str, database: &str, statement: &str) -> (bool, String) {
    let url = url(server, login, database);
    let output =
        Command::new("psql").args([&url, "--no-psqlrc", "--command", statement]).output().expect("psql");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The installation as the services of this login see it.
fn seen_by(installation: &Installation, server: &Server, login: &str) -> Installation {
    let [log, vault, read] = ["log", "vault", "read"].map(|database| url(server, login, database));
    installation.with([
        ("EVIDENT_LOG_URL", &*log),
        ("EVIDENT_VAULT_URL", &*vault),
        ("EVIDENT_READ_URL", &*read),
    ])
}

async fn ask(service: &Service, method: Method, path: &str, token: &str, body: Value) -> (StatusCode, Value) {
    let request = service.request(method, path).bearer_auth(token);
    patiently(if body.is_null() { request } else { once(request).json(&body) }).await
}

/// The services find each user of NATS in the configuration that operators are given, on either server.
#[tokio::test]
async fn each_login_does_its_services_work_and_nothing_else() {
    for program in nats_programs() {
        with_nats(&program).await;
    }
}

async fn with_nats(program: &str) {
    let (server, nats) = (Server::postgres(), Server::nats_with_users(program));
    make_logins(&server);
    let installation = Installation::new([]);
    let read_url = url(&server, "projector", "read");
    seen_by(&installation, &server, "owner").with([("EVIDENT_READ_URL", &*read_url)]).migrate();
    let carried = |login: &str| {
        let (_, address) = nats.url().split_once("://").expect("a URL");
        let nats = format!("nats://{login}:{login}@{address}");
        seen_by(&installation, &server, login).with([("EVIDENT_NATS_URL", &*nats)])
    };
    let mut commands = carried("command").command_api();
    let mut projector = carried("projector").projector();
    let mut queries = carried("query").query_api();
    for service in [&mut commands, &mut projector, &mut queries] {
        let carried = |status, body: &Value| status == StatusCode::OK && body["bus"] == "ok";
        service.until("ready, over NATS", carried).await;
    }
    let admin = a_visit_succeeds(&commands, &mut queries).await;
    for service in [&projector, &queries] {
        told_over_nats(service, &commands, &admin).await;
    }
    let check = seen_by(&installation, &server, "projector").operator(&["rebuild"]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
    queries.until_ready().await;
    nothing_else_is_allowed(&server);
    no_note_is_forged(&server);
    // Whoever follows has come to the end of the log: it holds nothing that they stumble over.
    queries.until_ready().await;
}

/// Gives what the admin was told who signed in.
async fn a_visit_succeeds(commands: &Service, queries: &mut Service) -> Value {
    let ada = json!({"email": "ada@example.com", "password": PASSWORD});
    let (status, user) = ask(commands, Method::POST, "/api/v1/auth/register", "", ada.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{user}");
    let admin = json!({"email": ADMIN, "password": PASSWORD});
    let (status, admin) = ask(commands, Method::POST, "/api/v1/auth/login", "", admin).await;
    assert_eq!(status, StatusCode::OK, "{admin}");
    let token = admin["access_token"].as_str().expect("a token");
    queries.until_ready().await;
    for format in ["cloudevents", "csv", "ocsf", "jsonl"] {
        let export = format!("/api/v1/audit/export?format={format}");
        let export =
            queries.request(Method::GET, &export).bearer_auth(token).send().await.expect("an answer");
        assert_eq!(export.status(), StatusCode::OK, "an export as {format} is noted in the log");
        assert!(export.text().await.expect("records").lines().count() >= 3);
    }
    a_key_is_used_and_noted(commands, queries, token).await;
    let erasure = format!("/api/v1/users/{}/erasure", user["id"].as_str().expect("an id"));
    let erased = commands.request(Method::POST, &erasure).bearer_auth(token).send().await.expect("an answer");
    assert_eq!(erased.status(), StatusCode::ACCEPTED);
    let position = erased.headers()["evident-position"].to_str().expect("a position").to_owned();
    // Readiness may be a moment old; a position is not.
    let newest = queries.request(Method::GET, "/api/v1/audit/events?limit=1").bearer_auth(token);
    let (status, page) = patiently(newest.header("Evident-Min-Position", position)).await;
    assert_eq!((status, &page["items"][0]["type"]), (StatusCode::OK, &json!("user.erased.v1")));
    admin
}

/// Whoever has just subscribed may have read the first events from the log; so there are more until one came over NATS:
/// of a kind that costs little, and that nobody is limited to a few of.
async fn told_over_nats(service: &Service, commands: &Service, admin: &Value) {
    let path = format!("/api/v1/users/{}", text(&admin["user"], "id"));
    for number in 0..100 {
        let metrics = service.request(Method::GET, "/metrics").send().await.expect("an answer");
        let metrics = metrics.text().await.expect("metrics");
        if metrics.lines().any(|line| line.starts_with("evident_follower_records_total{source=\"bus\"}")) {
            return;
        }
        let port = service.url().rsplit(':').next().unwrap_or_default();
        let name = json!({"display_name": format!("Admin {number} of {port}")});
        let (status, answer) = ask(commands, Method::PATCH, &path, text(admin, "access_token"), name).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }
    panic!("nothing came over NATS: {}", service.said());
}

fn nothing_else_is_allowed(server: &Server) {
    let forbidden = [
        ("command", "log", "insert into evident_log.records select * from evident_log.records"),
        ("command", "log", "update evident_log.head set position = 0"),
        ("command", "read", "select 1"),
        (
            "projector",
            "log",
            "select evident_log.append('{1}', '{x}', '{1}', array[gen_random_uuid()], '{\\x00}')",
        ),
        ("projector", "vault", "select * from evident_vault.credential_keys"),
        ("projector", "vault", "delete from evident_vault.profile_keys"),
        ("projector", "vault", "select wrapped from evident_vault.signing_keys"),
        (
            "query",
            "log",
            "select evident_log.append('{1}', '{x}', '{1}', array[gen_random_uuid()], '{\\x00}')",
        ),
        (
            "projector",
            "log",
            "select evident_log.append_notes('{1}', '{x}', '{1}', array[gen_random_uuid()], '{\\x00}')",
        ),
        ("query", "log", "truncate evident_log.records"),
        ("query", "vault", "select * from evident_vault.credential_keys"),
        ("query", "vault", "select wrapped from evident_vault.signing_keys"),
        ("query", "vault", "delete from evident_vault.profile_keys"),
        ("query", "vault", "delete from evident_vault.pictures"),
        ("query", "read", "delete from evident_read.users"),
        ("query", "read", "create table evident_read.mine (x int)"),
        ("query", "log", "set role evident_owner"),
        ("query", "log", "copy evident_log.head to program 'id'"),
    ];
    for (login, database, statement) in forbidden {
        let (done, said) = tried(server, login, database, statement);
        let refused = REFUSALS.iter().any(|refusal| said.contains(refusal));
        assert!(!done && refused, "{login} tried to {statement}: {said}");
    }
    let (_, said) = tried(server, "owner", "log", "update evident_log.records set version = 0");
    assert!(said.contains("the log only grows"), "{said}");
    for (login, what) in [
        ("query", "not exists (select from evident_vault.server_keys where purpose in ('refresh', 'mail'))"),
        ("projector", "not exists (select from evident_vault.server_keys where purpose = 'refresh')"),
        ("projector", "exists (select from evident_vault.server_keys where purpose = 'mail')"),
    ] {
        let (_, said) = tried(server, login, "vault", &format!("do $$ begin assert {what}; end $$"));
        assert_eq!(said, "", "{login} sees the keys that are its to see: {what}");
    }
}

/// A program reads with a key that command-api issued: query-api notes its use, which is one of the two things that it writes.
async fn a_key_is_used_and_noted(commands: &Service, queries: &Service, token: &str) {
    let account = json!({"name": "nightly import", "permissions": ["users:read"]});
    let (status, account) = ask(commands, Method::POST, "/api/v1/service-accounts", token, account).await;
    assert_eq!(status, StatusCode::CREATED, "{account}");
    let keys = format!("/api/v1/service-accounts/{}/keys", text(&account, "id"));
    let since_1970 = std::time::UNIX_EPOCH.elapsed().expect("a clock past 1970");
    let expires_at = Timestamp::default().after(since_1970 + Duration::from_secs(3_600));
    let key = json!({"name": "build", "permissions": ["users:read"], "expires_at": expires_at});
    let (status, key) = ask(commands, Method::POST, &keys, token, key).await;
    assert_eq!(status, StatusCode::CREATED, "{key}");
    let secret = text(&key, "key");
    for _ in 0..2 {
        let (status, people) = ask(queries, Method::GET, "/api/v1/users", secret, Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{people}");
    }
    // Whatever command comes later, what is shown from its position on shows the note, too.
    let revoke = format!("/api/v1/service-accounts/{}/keys/{}", text(&account, "id"), text(&key, "id"));
    let revoked =
        commands.request(Method::DELETE, &revoke).bearer_auth(token).send().await.expect("an answer");
    assert_eq!(revoked.status(), StatusCode::NO_CONTENT);
    let position = revoked.headers()["evident-position"].to_str().expect("a position").to_owned();
    let noted = queries.request(Method::GET, "/api/v1/audit/events?type=key.used.").bearer_auth(token);
    let (status, page) = patiently(noted.header("Evident-Min-Position", &position)).await;
    assert_eq!((status, page["items"].as_array().map(Vec::len)), (StatusCode::OK, Some(1)), "{page}");
    let used = queries.request(Method::GET, "/api/v1/users").bearer_auth(secret);
    let (status, problem) = patiently(used.header("Evident-Min-Position", &position)).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!("invalid-token")));
}

fn text<'a>(answer: &'a Value, field: &str) -> &'a str {
    answer[field].as_str().expect("a text")
}

/// A note of an export like the one that is there, under an id of its own; then what becomes of it.
fn note(stream: &str, version: u8, record: &str) -> String {
    format!(
        "with one as materialized (
            select gen_random_uuid() as id, substr(stream, 8) as first, convert_from(record, 'UTF8') as said
            from evident_log.records where stream ~ '^export-' order by position limit 1
        ), copied as (select id, replace(said, first, id::text) as said from one)
        select evident_log.append_notes('{{1}}', array[{stream}], '{{{version}}}', array[id], array[{record}])
        from copied"
    )
}

/// The bytes of a note are looked at, not what is said beside them.
fn no_note_is_forged(server: &Server) {
    const STREAM: &str = "'export-' || id";
    let (taken, said) = tried(server, "query", "log", &note(STREAM, 1, "convert_to(said, 'UTF8')"));
    assert!(taken, "what is forged below is an honest note otherwise: {said}");
    let written = |forged: &str| note(STREAM, 1, &format!("convert_to({forged}, 'UTF8')"));
    let forged = [
        note("'user-' || id", 1, "convert_to(said, 'UTF8')"),
        note("'export-' || gen_random_uuid()", 1, "convert_to(said, 'UTF8')"),
        note(STREAM, 2, "convert_to(said, 'UTF8')"),
        note(STREAM, 1, "'\\x00'::bytea"),
        note(STREAM, 1, "'{}'::bytea"),
        written("replace(said, 'subject\":\"export-', 'subject\":\"user-')"),
        written("replace(said, 'audit.exported.v1', 'user.erased.v1')"),
        written("replace(said, 'streamversion\":1', 'streamversion\":2')"),
        written("replace(said, id::text, gen_random_uuid()::text)"),
        written("regexp_replace(said, 'log:[^\"]*', 'log:' || gen_random_uuid())"),
        written("regexp_replace(said, 'user:[^\"]*', 'system')"),
        written("regexp_replace(said, 'time\":\"[^T]*T', 'time\":\"2026-02-30T')"),
        written("regexp_replace(said, 'T[0-9]+:', 'T24:')"),
        written("regexp_replace(said, 'salt\":\"[^\"]*', 'salt\":\"AAAA')"),
        written("replace(said, '\"data\"', '\"subject\":\"user-x\",\"data\"')"),
        written("replace(said, '\"data\"', '\"more\":1,\"data\"')"),
        written("replace(said, '\"from\":', '\"from\":-')"),
        written("said || ' '"),
    ];
    for statement in forged.into_iter().chain(forged_uses(server)) {
        let (done, said) = tried(server, "query", "log", &statement);
        let refused = REFUSALS.iter().any(|refusal| said.contains(refusal));
        assert!(!done && refused, "{statement}: {said}");
    }
}

/// A note of the use of a key like the one that is there, one day later; then what becomes of it.
fn use_of_key(stream: &str, version: u8, said: &str) -> String {
    format!(
        "with one as materialized (
            select gen_random_uuid() as id, r.id as first, stream, convert_from(record, 'UTF8') as said
            from evident_log.records r where stream ~ '^keyuse-' order by position limit 1
        ), copied as (
            select id, stream, replace(replace(said, first::text, id::text), 'streamversion\":1', 'streamversion\":2')
                as said
            from one
        )
        select evident_log.append_notes('{{1}}', array[{stream}], '{{{version}}}', array[id],
            array[convert_to({said}, 'UTF8')])
        from copied"
    )
}

fn forged_uses(server: &Server) -> Vec<String> {
    let (taken, said) = tried(server, "query", "log", &use_of_key("stream", 2, "said"));
    assert!(taken, "what is forged below is an honest note otherwise: {said}");
    let written = |forged: &str| use_of_key("stream", 2, forged);
    vec![
        use_of_key("'keyuse-' || gen_random_uuid()", 2, "said"),
        use_of_key("'service-' || substr(stream, 8)", 2, "said"),
        use_of_key("stream", 3, "said"),
        written("replace(said, 'key.used.v1', 'key.issued.v1')"),
        written("regexp_replace(said, 'service:[^/]*', 'service:' || gen_random_uuid())"),
        written("regexp_replace(said, 'service:[^\"]*', 'system')"),
        written("regexp_replace(said, '/[^\"]*\",\"corr', '/' || gen_random_uuid() || '\",\"corr')"),
        written("replace(said, '\"data\":{', '\"data\":{\"more\":1,')"),
        written("replace(said, 'streamversion\":2', 'streamversion\":1')"),
    ]
}
