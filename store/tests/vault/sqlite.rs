//! What is SQLite's own: the file.

use crate::place::{Place, at_second, master, user};
use sqlx::{Connection, Executor, SqliteConnection};
use std::{fs, path::Path};
use store::vault::{Vault, VaultError};

#[cfg(unix)]
#[tokio::test]
async fn nobody_but_its_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::sqlite().await;
    let file = Path::new(place.url.strip_prefix("sqlite:").expect("a path")).to_owned();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("loosened");
    Vault::migrate(&place.url).await.expect("migrated");
    let vault = place.vault().await;
    vault.create_person(user(1), at_second(0)).await.expect("created");
    for name in fs::read_dir(file.parent().expect("a folder")).expect("a listing") {
        let name = name.expect("a name");
        assert_eq!(name.metadata().expect("metadata").permissions().mode() & 0o777, 0o600, "{name:?}");
    }
}

#[tokio::test]
async fn a_destroyed_key_is_in_no_file_any_more() {
    let place = Place::sqlite().await;
    let folder =
        Path::new(place.url.strip_prefix("sqlite:").expect("a path")).parent().expect("a folder").to_owned();
    let holds = |bytes: &[u8]| {
        let files = fs::read_dir(&folder).expect("a listing").map(|name| name.expect("a name").path());
        let mut contents = files.map(|file| fs::read(file).expect("bytes"));
        contents.any(|content| content.windows(bytes.len()).any(|window| window == bytes))
    };
    let vault = place.vault().await;
    vault.create_person(user(1), at_second(0)).await.expect("created");
    let pool = sqlx::SqlitePool::connect(&place.url).await.expect("connected");
    let wrapped: Vec<u8> =
        sqlx::query_scalar("select wrapped from profile_keys").fetch_one(&pool).await.expect("a key");
    pool.close().await;
    assert!(holds(&wrapped));
    vault.finish_erasure(user(1), at_second(1)).await.expect("erased");
    assert!(!holds(&wrapped));
}

#[tokio::test]
async fn a_key_that_a_backup_brought_back_is_destroyed_when_the_vault_is_opened() {
    let place = Place::sqlite().await;
    let (vault, month) = (place.vault().await, at_second(0).month());
    for n in [1, 2] {
        vault.create_person(user(n), at_second(0)).await.expect("created");
    }
    let pool = sqlx::SqlitePool::connect(&place.url).await.expect("connected");
    let run = async |statement| sqlx::raw_sql(statement).execute(&pool).await.expect("done");
    run("create table profile_backup as select * from profile_keys").await;
    run("create table credential_backup as select * from credential_keys").await;
    vault.finish_erasure(user(1), at_second(1)).await.expect("erased");
    run("insert or ignore into profile_keys select * from profile_backup").await;
    run("insert or ignore into credential_keys select * from credential_backup").await;
    vault.sealer(user(1), month).await.expect("the keys came back");

    let restored = place.vault().await;
    assert!(matches!(restored.sealer(user(1), month).await, Err(VaultError::PersonErased(_))));
    restored.sealer(user(2), month).await.expect("another's keys stay");
}

#[tokio::test]
async fn a_missing_or_empty_file_is_not_migrated() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let missing = format!("sqlite:{}", folder.path().join("missing.db").display());
    assert!(matches!(Vault::open(&missing, master()).await, Err(VaultError::NotMigrated)));
    let empty = folder.path().join("empty.db");
    fs::write(&empty, "").expect("written");
    let empty = format!("sqlite:{}", empty.display());
    assert!(matches!(Vault::open(&empty, master()).await, Err(VaultError::NotMigrated)));
}

#[tokio::test]
async fn another_engine_is_refused() {
    for url in ["mysql://localhost/vault", "vault.db", ""] {
        assert!(matches!(Vault::migrate(url).await, Err(VaultError::UnknownEngine)), "{url}");
        assert!(matches!(Vault::open(url, master()).await, Err(VaultError::UnknownEngine)), "{url}");
    }
}

#[tokio::test]
async fn erasures_that_were_unfinished_before_they_had_a_time_are_due_at_once() {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.expect("connected");
    let mut run = async |statements| connection.execute(statements).await.expect("done");
    run(include_str!("../../../migrations/vault/sqlite/0001_vault.sql")).await;
    run("insert into erasures values (randomblob(16), 7, null), (randomblob(16), 8, 9)").await;
    run(include_str!("../../../migrations/vault/sqlite/0002_erasures_due.sql")).await;
    let due: Vec<(bool, i64)> = sqlx::query_as("select if_deleted, due_at_us from erasures_due")
        .fetch_all(&mut connection)
        .await
        .expect("rows");
    assert_eq!(due, [(true, 7)]);
    let erased: Vec<i64> = sqlx::query_scalar("select finished_at_us from erasures")
        .fetch_all(&mut connection)
        .await
        .expect("rows");
    assert_eq!(erased, [9]);
}
