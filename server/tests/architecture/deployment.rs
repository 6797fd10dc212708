//! What the files for operators name must be there: no container engine is needed to see that they agree.

use crate::{collect, source::File};
use serde_yaml_ng::Value;
use std::{collections::BTreeSet, fs, path::Path};

const COMPOSE: [&str; 4] = [
    "docker-compose.yml",
    "deploy/compose/postgres-log.yml",
    "deploy/compose/observability.yml",
    "deploy/compose/kurrentdb-here.yml",
];

pub(crate) fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names that stand behind each `${` of a compose file.
fn interpolated(compose: &str) -> BTreeSet<String> {
    let names = compose.split("${").skip(1);
    names
        .map(|rest| rest.chars().take_while(|sign| sign.is_ascii_alphanumeric() || *sign == '_').collect())
        .collect()
}

/// The names that are assigned in an environment file, in a comment or not.
fn assigned(environment: &str) -> BTreeSet<String> {
    let lines = environment.lines().filter_map(|line| line.trim_start_matches('#').split_once('='));
    lines.map(|(name, _)| name.to_owned()).filter(|name| !name.contains(' ')).collect()
}

#[test]
fn the_example_names_every_variable_that_compose_asks_for_and_no_other() {
    let asked: BTreeSet<String> = COMPOSE.iter().flat_map(|file| interpolated(&text(file))).collect();
    let mut offered = assigned(&text(".env.example"));
    assert!(offered.remove("COMPOSE_FILE"), "the one variable that makes PostgreSQL the log");
    assert_eq!(asked, offered);
}

#[test]
fn every_variable_of_ours_in_the_files_for_operators_exists() {
    let known = service::config::help();
    for file in COMPOSE.into_iter().chain([".env.example", "Dockerfile"]) {
        let text = text(file);
        let words = text.split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_'));
        // Those of the image's own script for PostgreSQL end in _PASSWORD.
        let ours = words.filter(|word| word.starts_with("EVIDENT_") && !is_of_the_roles_script(word));
        for name in ours {
            assert!(known.contains(&format!("  {name} ")), "{file} names {name}, which nothing reads");
        }
    }
}

/// What an operator may set that compose hands nobody, and why not.
const NOT_HANDED_ON: [(&str, &str); 11] = [
    ("EVIDENT_BIND", "is the image's"),
    ("EVIDENT_OPS_BIND", "machines ask each process by itself, inside"),
    ("EVIDENT_DATA_DIR", "is the image's"),
    ("EVIDENT_TLS_CERT_FILE", "TLS ends at the proxy, or before it"),
    ("EVIDENT_TLS_KEY_FILE", "TLS ends at the proxy, or before it"),
    ("EVIDENT_REQUIRE_HTTPS", "follows the public URL"),
    ("EVIDENT_PASSWORD_BLOCKLIST_FILE", "is a file, which must be mounted first"),
    ("EVIDENT_RATE_LIMITS", "is for load tests"),
    ("EVIDENT_TRACE_SAMPLE", "all is recorded where there is a collector"),
    ("EVIDENT_NATS_REPLICAS", "there is one NATS"),
    ("EVIDENT_SENTRY_DSN", "only the projector has a way out"),
];

#[test]
fn compose_hands_on_whatever_an_operator_may_set() {
    let files: String = COMPOSE.into_iter().map(text).collect();
    let help = service::config::help();
    let (table, _) = help.split_once("\n\n").expect("the variables, then the files that may hold them");
    let names = table.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
    let names: Vec<_> = names.collect();
    assert!(names.len() > 30, "{names:?}");
    let wrong = |name: &&&str| {
        let excused = NOT_HANDED_ON.iter().any(|(excused, _)| excused == *name);
        excused == files.contains(&format!(" {name}: "))
    };
    let wrong: Vec<_> = names.iter().filter(wrong).collect();
    assert!(wrong.is_empty(), "set in .env, {wrong:?} silently do nothing, or are handed on after all");
}

#[test]
fn whoever_sends_mails_has_a_way_out() {
    let mut compose: Value = serde_yaml_ng::from_str(&text("docker-compose.yml")).expect("YAML");
    compose.apply_merge().expect("anchors that exist");
    let leads_out = |network: &Value| {
        let network = compose["networks"].get(network).expect("a network");
        network["internal"].as_bool() != Some(true)
    };
    let services = compose["services"].as_mapping().expect("services");
    let sends = |service: &&Value| service["environment"].get("EVIDENT_SMTP_URL").is_some();
    let senders: Vec<_> = services.values().filter(sends).collect();
    assert!(!senders.is_empty(), "nobody sends mails");
    for sender in senders {
        let networks = sender["networks"].as_sequence().expect("networks");
        assert!(
            networks.iter().any(leads_out),
            "no server for mails can be reached by {:?}",
            sender["command"]
        );
    }
}

fn is_of_the_roles_script(name: &str) -> bool {
    name.ends_with("_PASSWORD") && name != "EVIDENT_ADMIN_PASSWORD"
}

/// The texts in quotation marks that name metrics, of all sources that count something.
pub(crate) fn metrics() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    let schemas = ["evident_log", "evident_vault", "evident_read"];
    let counts = |file: &&File| {
        !file.is_test() && ["gauge!", "counter!", "histogram!"].iter().any(|name| file.code.contains(name))
    };
    let texts = files.iter().filter(counts).flat_map(|file| file.text.split('"').skip(1).step_by(2));
    let names = texts.filter(|text| text.starts_with("evident_") && !schemas.contains(text));
    names
        .filter(|name| name.chars().all(|sign| sign.is_ascii_lowercase() || sign == '_'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn operators_are_told_of_every_metric() {
    let (page, metrics) = (text("docs/OPERATIONS.md"), metrics());
    assert!(metrics.len() > 30, "only {metrics:?} were found: the walk is broken");
    // `evident_me_shared_cache_hits_total`, `…_misses_total` is how a family is written.
    let told = |name: &String| page.contains(&format!("`{name}`")) || page.contains(&format!("`{name}{{"));
    let untold: Vec<_> = metrics.iter().filter(|name| !told(name)).collect();
    assert!(untold.is_empty(), "docs/OPERATIONS.md does not tell of {untold:?}");
}

/// Which failures of a database waiting may mend, as a crate says it.
fn what_is_away(path: &str) -> String {
    let text = text(path);
    let start = text.find("/// Whether the database could not be reached").expect("the table of failures");
    text[start..].replace("pub(crate) ", "")
}

#[test]
fn both_crates_that_speak_sql_say_the_same_of_databases_that_are_away() {
    let (store, read_models) = (what_is_away("store/src/away.rs"), what_is_away("read-models/src/error.rs"));
    assert!(store.contains("WorkerCrashed") && store.contains("fn says_so"), "{store}");
    assert_eq!(store, read_models);
}

#[test]
fn no_password_has_a_default() {
    for line in text(".env.example").lines().filter(|line| line.contains("PASSWORD")) {
        assert!(line.starts_with('#') || line.ends_with('='), "{line}");
    }
    for file in COMPOSE {
        assert!(!text(file).contains("PASSWORD:-"), "{file}: a password has a default");
    }
}

#[test]
fn the_image_holds_every_folder_of_the_workspace() {
    let (manifest, ignored) = (text("Cargo.toml"), text(".dockerignore"));
    let members = manifest.lines().find(|line| line.starts_with("members = ")).expect("members");
    for member in members.split('"').skip(1).step_by(2) {
        assert!(ignored.contains(&format!("!{member}\n")), "{member} is not in the image's source");
    }
}
