//! The README's walk-through, run as it is written.

use crate::support::{Evident, root};
use std::process::Command;

/// `curl`, which where the answer says to come again does so, under one key, and nowhere else. The walk-through stops at the
/// first refusal.
const CURL: &str = r#"
curl() {
    local key=$RANDOM-$RANDOM-$RANDOM deadline=$((SECONDS + 120)) again='"code": ?"(overloaded|read-model-behind)"' said
    until said=$(command curl --fail-with-body -H "Idempotency-Key: $key" "${@/#-fsS/-sS}"); do
        [[ $said =~ $again && $SECONDS -lt $deadline ]] || { echo "$said" >&2; return 22; }
        sleep 0.1
    done
    echo "$said"
}
"#;

#[test]
fn the_readme_gets_a_stranger_to_a_signed_in_user() {
    let evident = Evident::start_with([]);
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README");
    let script: Vec<_> =
        readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(script.len() >= 4, "the walk-through has become shorter than this test knows");
    assert!(script.iter().all(|script| !script.contains("curl ") || script.contains("curl -fsS ")));
    let script = [CURL, &script.concat()].concat().replace("http://127.0.0.1:8080", evident.url());
    let ran = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .env("ADMIN_PASSWORD", evident.initial_password())
        .output()
        .expect("bash");
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{out}\n{err}");
    for expected in ["ada@example.com", "Ada Lovelace", "session.started.v1", "refresh_token"] {
        assert!(out.contains(expected), "the walk-through never showed {expected}:\n{out}\n{err}");
    }
}
