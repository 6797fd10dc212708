//! A backup of the vault opens with the master key of its day, which whoever replaced it was told to keep.

use crate::support::Evident;
use std::{fs, path::Path};

fn copy_vault(from: &Path, to: &Path) {
    for name in ["vault.db", "vault.db-wal", "vault.db-shm"] {
        let _ = fs::remove_file(to.join(name));
        if from.join(name).exists() {
            fs::copy(from.join(name), to.join(name)).expect("copied");
        }
    }
}

#[tokio::test]
async fn a_backup_from_before_opens_with_the_key_that_was_put_aside_and_is_wrapped_again() {
    let mut evident = Evident::start();
    evident.register("ada@example.com").await;
    assert!(evident.terminate().success());
    let (data, backup) = (evident.folder().join("data"), tempfile::tempdir().expect("a folder"));
    copy_vault(&data, backup.path());
    let rotated = evident.operator(&["keys", "rotate", "master"]);
    assert!(rotated.status.success(), "{rotated:?}");
    evident.restart();
    evident.token("ada@example.com").await;
    assert!(evident.terminate().success());

    copy_vault(backup.path(), &data);
    let refused = evident.operator(&["serve"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("is not the one that this vault was made with"),
        "{said}"
    );

    // As docs/OPERATIONS.md says: the old key below the new one, and once more.
    let aside = fs::read_dir(&data).expect("a listing").map(|name| name.expect("a name").path());
    let aside: Vec<_> = aside.filter(|path| path.display().to_string().contains("master.retired-")).collect();
    let [aside] = &aside[..] else { panic!("one key was put aside: {aside:?}") };
    let [new, old] =
        [data.join("master.key"), aside.clone()].map(|path| fs::read_to_string(path).expect("a key"));
    fs::write(data.join("master.key"), format!("{new}{old}")).expect("written");
    let rotated = evident.operator(&["keys", "rotate", "master"]);
    assert!(rotated.status.success(), "{rotated:?}");
    assert_eq!(fs::read_to_string(data.join("master.key")).expect("a key"), new);
    evident.restart();
    evident.token("ada@example.com").await;
}
