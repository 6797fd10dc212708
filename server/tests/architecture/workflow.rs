//! What runs for every change is what runs here, by tools that nobody can exchange behind a name.

use crate::deployment::text;
use serde_json::Value;

const WORKFLOW: &str = ".github/workflows/ci.yml";

#[test]
fn the_workflow_is_whole_runs_what_lands_and_pins_what_it_uses() {
    let source = text(WORKFLOW);
    let workflow: Value = serde_yaml_ng::from_str(&source).expect("YAML");
    assert_eq!(workflow["permissions"], serde_json::json!({"contents": "read"}));
    let jobs = workflow["jobs"].as_object().expect("jobs");
    let steps: Vec<_> = jobs.values().flat_map(|job| job["steps"].as_array().expect("steps")).collect();
    let runs =
        |what: &str| steps.iter().any(|step| step["run"].as_str().is_some_and(|run| run.contains(what)));
    for what in [".ci/run", "EVIDENT_TEST_KURRENTDB_URL", "cargo deny check", "scripts/sbom", "docker build"]
    {
        assert!(runs(what), "nothing runs {what}");
    }
    let used: Vec<_> = steps.iter().filter_map(|step| step["uses"].as_str()).collect();
    assert!(used.len() >= 5, "{used:?}");
    for action in used {
        let (_, commit) = action.split_once('@').expect("a version");
        assert!(
            commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{action} is not pinned"
        );
    }
    assert!(jobs.values().all(|job| job["timeout-minutes"].is_u64()), "a job without an end");
}

#[test]
fn what_nobody_may_build_in_is_banned() {
    let rules = text("deny.toml");
    for banned in
        ["crate = \"rsa\"", "crate = \"openssl\"", "unknown-registry = \"deny\"", "unknown-git = \"deny\""]
    {
        assert!(rules.contains(banned), "deny.toml lets {banned} pass");
    }
    let locked = text("Cargo.lock");
    for banned in ["rsa", "openssl", "openssl-sys"] {
        assert!(!locked.contains(&format!("name = \"{banned}\"\n")), "{banned} is in Cargo.lock");
    }
}

#[test]
fn images_have_a_version_and_builds_are_locked() {
    let image = text("Dockerfile");
    assert!(image.contains("cargo build --release --locked"));
    assert!(image.lines().any(|line| line.trim() == "USER nonroot"));
    for file in ["docker-compose.yml", "deploy/compose/observability.yml", "Dockerfile"] {
        assert!(!text(file).contains(":latest"), "{file} takes whatever is newest");
    }
    assert!(
        text(".dockerignore").lines().any(|line| line == "*"),
        "the image's source is not what is listed alone"
    );
}
