//! The README's walk-through, run as it is written.

use crate::support::{Evident, root};
use std::process::Command;

#[test]
fn the_readme_gets_a_stranger_to_a_signed_in_user() {
    let evident = Evident::start_with([]);
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README");
    let script: Vec<_> =
        readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(script.len() >= 4, "the walk-through has become shorter than this test knows");
    let script = script.concat().replace("http://127.0.0.1:8080", evident.url());
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
