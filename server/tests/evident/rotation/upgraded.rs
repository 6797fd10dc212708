//! A vault from a release in which master keys had no names: its first replacement is one.

use super::succeeded;
use crate::support::{ADMIN, Evident, PASSWORD, postgres_database};
use std::{fs, process::Command};

/// As the release before left it.
const NAMELESS: &str = "
    update evident_vault.profile_keys set wrapped_by = null;
    update evident_vault.credential_keys set wrapped_by = null;
    update evident_vault.month_keys set wrapped_by = null;
    update evident_vault.server_keys set wrapped_by = null;
    update evident_vault.signing_keys set wrapped_by = null;
    update evident_vault.index_keys set wrapped_by = null;
    delete from evident_vault.master_keys";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_replacement_after_an_upgrade_makes_another_key() {
    let vault = postgres_database();
    let first_admin = [("EVIDENT_ADMIN_EMAIL", ADMIN), ("EVIDENT_ADMIN_PASSWORD", PASSWORD)];
    let mut evident =
        Evident::start_with(first_admin.into_iter().chain([("EVIDENT_VAULT_URL", vault.as_str())]));
    let key = evident.folder().join("data/master.key");
    let before = fs::read_to_string(&key).expect("a key");
    assert!(evident.terminate().success());
    let psql = Command::new("psql")
        .args([&vault, "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", NAMELESS])
        .status();
    assert!(psql.expect("psql is installed").success());
    evident.restart();

    let said = succeeded(|arguments| evident.operator(arguments), &["keys", "rotate", "master"]);
    assert!(said.contains("wraps everything"), "{said}");
    let after = fs::read_to_string(&key).expect("a key");
    assert_eq!(after.lines().count(), 1);
    assert_ne!(before, after, "another key wraps");
    evident.token(ADMIN).await;
    assert!(evident.terminate().success());
    evident.restart();
    evident.token(ADMIN).await;
}
