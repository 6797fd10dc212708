//! What the files for operators name must be there: no container engine is needed to see that they agree.

use crate::{collect, source::File};
use std::{collections::BTreeSet, fs, path::Path};

const COMPOSE: [&str; 2] = ["docker-compose.yml", "deploy/compose/postgres-log.yml"];

fn text(path: &str) -> String {
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

fn is_of_the_roles_script(name: &str) -> bool {
    name.ends_with("_PASSWORD") && name != "EVIDENT_ADMIN_PASSWORD"
}

/// The texts in quotation marks that name metrics, of all sources that count something.
fn metrics() -> BTreeSet<String> {
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
