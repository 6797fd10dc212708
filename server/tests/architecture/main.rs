//! Who may know whom (DESIGN §2), and the house rules that no compiler holds.
//!
//! Every Rust source, migration and manifest of the workspace is read as text and held against `rules`. The tests
//! at the end feed each rule something that breaks it, so that a rule which sees nothing is noticed.

mod deployment;
mod kubernetes;
mod observability;
mod rules;
mod security;
mod source;
mod workflow;

use rules::{ARROWS, complaints_about};
use source::File;
use std::{
    fs,
    path::{Path, PathBuf},
};

#[test]
fn the_workspace_keeps_its_lines() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    for (member, _) in ARROWS.iter().filter(|(member, _)| *member != "audit") {
        let sources = files.iter().filter(|file| file.path.starts_with(&format!("{member}/src/")));
        assert!(sources.count() > 0, "no source of {member} was found: the walk is broken");
    }
    let complaints: Vec<String> = files.iter().flat_map(complaints_about).collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<File>) {
    let entries = fs::read_dir(folder).expect("a folder of the workspace can be listed");
    for path in entries.map(|entry| entry.expect("an entry can be read").path()) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !name.starts_with('.') && !["target", "node_modules", "data"].contains(&name) {
            collect(root, &path, files);
        } else if name == "Cargo.toml" || name.ends_with(".rs") || name.ends_with(".sql") {
            let text = fs::read_to_string(&path).expect("a source is UTF-8");
            files.push(File::new(&relative(root, path), &text));
        }
    }
}

fn relative(root: &Path, path: PathBuf) -> String {
    let path = path.strip_prefix(root).expect("the walk stays below its root");
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

#[track_caller]
fn refused(path: &str, text: &str, why: &str) {
    let complaints = complaints_about(&File::new(path, text));
    assert!(complaints.iter().any(|complaint| complaint.contains(why)), "{text:?} passed: {complaints:?}");
}

#[track_caller]
fn accepted(path: &str, text: &str) {
    assert_eq!(complaints_about(&File::new(path, text)), Vec::<String>::new(), "{text:?}");
}

const LINTS: &str = "[lints]\nworkspace = true\n";

#[test]
fn an_arrow_that_is_not_drawn_is_refused_in_every_dependency_table() {
    refused("store/Cargo.toml", "[dependencies]\nservice.workspace = true\n", "store may not know service");
    refused("query-api/Cargo.toml", "[dev-dependencies]\ncommand-api = {}\n", "may not know command-api");
    refused("events/Cargo.toml", "[dependencies.store]\npath = \"../store\"\n", "may not know store");
    refused("extra/Cargo.toml", LINTS, "does not draw");
    accepted("store/Cargo.toml", &format!("{LINTS}[dependencies]\nevents.workspace = true\n"));
}

#[test]
fn a_name_away_from_home_is_refused_in_code_and_manifest() {
    refused("query-api/src/lib.rs", "use sqlx::Row;", "sqlx");
    refused("projector/tests/x.rs", "use sqlx::Row;", "sqlx");
    refused("server/Cargo.toml", "[dependencies]\nargon2.workspace = true\n", "argon2");
    refused("service/src/http.rs", "let now = SystemTime::now();", "time arrives");
    refused("store/src/log/mod.rs", "Uuid::now_v7()", "ids arrive");
    refused("service/src/clock.rs", "std::env::var(\"A\")", "environment");
    refused("events/src/lib.rs", "unsafe { }", "unsafe");
    accepted("store/src/log/mod.rs", "// never unsafe, never SystemTime::now\nuse sqlx::Row;");
    accepted("service/src/config/mod.rs", "let costs = config.argon2;");
    accepted("query-api/src/lib.rs", "let text = \"sqlx\"; let mysqlx = r#\"unsafe\"#;");
}

#[test]
fn a_decision_that_looks_around_is_refused() {
    refused("command-api/src/domain/user.rs", "use store::Log;", "domain may not name store");
    refused("command-api/src/domain/user.rs", "let at = service::now();", "domain may not name service");
    refused("command-api/src/domain/user.rs", "use crate::app::App;", "the rest of its crate");
    refused("command-api/src/domain/user.rs", "pub async fn suspend() {}", "waits for nothing");
    let pure = "use super::role;\nuse events::{Fact, UserId};\nrole::define(u32::MAX, std::mem::take(a))";
    accepted("command-api/src/domain/user.rs", pure);
}

#[test]
fn house_rules_are_held() {
    refused("store/Cargo.toml", "[dependencies]\n", "lints");
    refused("store/src/lib.rs", "#[allow(dead_code)]", "instead of allow");
    refused("store/src/lib.rs", "const READ: &str = \"SELECT 1\";", "lower case");
    refused("store/src/lib.rs", "const READ: &str = r#\"select 1 ORDER BY 1\"#;", "lower case");
    refused("migrations/log/sqlite/0001.sql", "CREATE TABLE a (b);", "lower case");
    refused("Cargo.toml", "[workspace.dependencies]\nserde = \"1\"\n", "without a reason");
    refused("Cargo.toml", "[workspace.dependencies]\na = { version = \"1#\" }\n", "without a reason");
    refused("store/src/lib.rs", &"\n".repeat(401), "does not say why");
    accepted(
        "Cargo.toml",
        "[workspace.dependencies]\nserde = \"1\" # forms\nevents = { path = \"events\" }\n",
    );
    accepted("store/src/lib.rs", "// SELECT\nconst READ: &str = \"select 'a' from b\";");
    accepted("migrations/log/sqlite/0001.sql", "-- WHERE it is\ncreate table a (b);");
    accepted("store/src/lib.rs", &format!("//! over 400 lines because: a table{}", "\n".repeat(401)));
}
