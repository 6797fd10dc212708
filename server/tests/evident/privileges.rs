//! The logins that `deploy/postgres/roles.sh` makes: with them the services do all of their work, and nothing else.

use crate::{
    cluster::{Installation, Service},
    servers::{Server, nats_programs},
    support::{ADMIN, PASSWORD, answer, root},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::process::Command;

const LOGINS: [&str; 4] = ["owner", "command", "projector", "query"];

/// How PostgreSQL, and our own function, say no.
const REFUSALS: [&str; 5] = [
    "permission denied",
    "must be superuser",
    "only notes of exports are taken",
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
    answer(if body.is_null() { request } else { request.json(&body) }).await
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
    a_visit_succeeds(&commands, &mut queries).await;
    for service in [&projector, &queries] {
        told_over_nats(service, &commands).await;
    }
    let check = seen_by(&installation, &server, "projector").operator(&["rebuild"]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
    queries.until_ready().await;
    nothing_else_is_allowed(&server);
    no_note_is_forged(&server);
    // Whoever follows has come to the end of the log: it holds nothing that they stumble over.
    queries.until_ready().await;
}

async fn a_visit_succeeds(commands: &Service, queries: &mut Service) {
    let ada = json!({"email": "ada@example.com", "password": PASSWORD});
    let (status, user) = ask(commands, Method::POST, "/api/v1/auth/register", "", ada.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{user}");
    let admin = json!({"email": ADMIN, "password": PASSWORD});
    let (status, admin) = ask(commands, Method::POST, "/api/v1/auth/login", "", admin).await;
    assert_eq!(status, StatusCode::OK, "{admin}");
    let token = admin["access_token"].as_str().expect("a token");
    queries.until_ready().await;
    let export = queries.request(Method::GET, "/api/v1/audit/export?format=jsonl").bearer_auth(token);
    let export = export.send().await.expect("an answer");
    assert_eq!(export.status(), StatusCode::OK, "an export is noted in the log");
    assert!(export.text().await.expect("records").lines().count() >= 3);
    let erasure = format!("/api/v1/users/{}/erasure", user["id"].as_str().expect("an id"));
    let erased = commands.request(Method::POST, &erasure).bearer_auth(token).send().await.expect("an answer");
    assert_eq!(erased.status(), StatusCode::ACCEPTED);
    let position = erased.headers()["evident-position"].to_str().expect("a position").to_owned();
    // Readiness may be a moment old; a position is not.
    let newest = queries.request(Method::GET, "/api/v1/audit/events?limit=1").bearer_auth(token);
    let (status, page) = answer(newest.header("Evident-Min-Position", position)).await;
    assert_eq!((status, &page["items"][0]["type"]), (StatusCode::OK, &json!("user.erased.v1")));
}

/// Whoever has just subscribed may have read the first events from the log; so there are more until one came over NATS.
async fn told_over_nats(service: &Service, commands: &Service) {
    for number in 0..100 {
        let metrics = service.request(Method::GET, "/metrics").send().await.expect("an answer");
        let metrics = metrics.text().await.expect("metrics");
        if metrics.lines().any(|line| line.starts_with("evident_follower_records_total{source=\"bus\"}")) {
            return;
        }
        let port = service.url().rsplit(':').next().unwrap_or_default();
        let somebody = json!({"email": format!("{number}-{port}@example.com"), "password": PASSWORD});
        let (status, answer) = ask(commands, Method::POST, "/api/v1/auth/register", "", somebody).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
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
    let (_, refresh) = tried(
        server,
        "query",
        "vault",
        "do $$ begin assert not exists (select from evident_vault.server_keys where purpose = 'refresh'); end $$",
    );
    assert_eq!(refresh, "", "the key of the refresh tokens is not seen");
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
    for statement in forged {
        let (done, said) = tried(server, "query", "log", &statement);
        let refused = REFUSALS.iter().any(|refusal| said.contains(refusal));
        assert!(!done && refused, "{statement}: {said}");
    }
}
