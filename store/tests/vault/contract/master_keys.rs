//! Replacing the master key.

use super::on_every_engine;
use crate::place::{Place, at_second, master, user};
use events::{EventId, Group, KeyName, PictureId, SealContext, StreamName, UserId};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use store::vault::{MasterKey, MasterKeyUse, MasterKeys, Purpose, Scope, Vault, VaultError};
use tempfile::TempDir;
use uuid::Uuid;

on_every_engine! {
    what_is_wrapped_again_opens_as_before_and_no_longer_by_the_old_key,
    a_process_learns_the_new_key_from_its_file_when_it_meets_it,
    a_key_is_not_retired_while_anything_is_wrapped_by_it,
    nothing_is_wrapped_by_a_key_that_is_retired,
    who_is_erased_while_keys_are_wrapped_again_stays_erased,
    a_vault_from_before_keys_had_names_is_wrapped_again_too,
    who_has_some_of_the_keys_only_does_not_start,
    what_no_key_opens_keeps_the_old_one_from_being_retired,
}

const PICTURE: PictureId = PictureId(Uuid::from_u128(1));

fn new() -> MasterKey {
    MasterKey::from_bytes([2; 32])
}

/// A file of master keys.
struct KeyFile(TempDir);

impl KeyFile {
    fn new(keys: &[MasterKey]) -> Self {
        let file = Self(TempDir::new().expect("a folder"));
        file.write(keys);
        file
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("master.key")
    }

    fn write(&self, keys: &[MasterKey]) {
        let text: String = keys.iter().map(|key| format!("{}\n", *key.to_base64())).collect();
        write_private(&self.path(), &text);
    }

    fn keys(&self) -> MasterKeys {
        MasterKeys::read(self.path()).expect("keys")
    }

    async fn vault(&self, place: &Place) -> Vault {
        Vault::open(&place.url, self.keys()).await.expect("opened")
    }
}

fn write_private(path: &Path, text: &str) {
    fs::write(path, text).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("private");
}

fn wrapped(key: &MasterKey, rows: u64, wraps: bool) -> MasterKeyUse {
    MasterKeyUse { id: Some(key.id()), rows, wraps }
}

/// A value of somebody's, sealed under their keys.
async fn sealed(vault: &Vault, person: UserId) -> Vec<u8> {
    let sealer = vault.sealer(person, at_second(0).month()).await.expect("keys");
    in_context(person, |context| sealer.seal(context, b"a value"))
}

async fn opens(vault: &Vault, person: UserId, sealed: &[u8]) -> bool {
    let key = key_of(person);
    let ring = vault.keyring(&[key], Scope::All).await.expect("a ring");
    in_context(person, |context| ring.open(context, sealed)).as_deref() == Some(b"a value")
}

fn in_context<T>(person: UserId, act: impl FnOnce(&SealContext<'_>) -> T) -> T {
    let stream = StreamName::user(person);
    let event_id = EventId(Uuid::from_u128(9));
    let key = key_of(person);
    act(&SealContext { event_id, stream: &stream, event_type: "user.registered.v1", key })
}

fn key_of(person: UserId) -> KeyName {
    KeyName { person, group: Group::Credential, month: None }
}

async fn what_is_wrapped_again_opens_as_before_and_no_longer_by_the_old_key(place: Place) {
    let before = place.vault().await;
    before.ensure_signing_key(at_second(0)).await.expect("made");
    for n in 1..=250 {
        before.create_person(user(n), at_second(0)).await.expect("created");
    }
    before.keep_picture(user(1), PICTURE, b"a picture", at_second(0)).await.expect("kept");
    let (ada, zoe) = (sealed(&before, user(1)).await, sealed(&before, user(250)).await);

    let both = KeyFile::new(&[new(), master()]);
    let vault = both.vault(&place).await;
    assert_eq!(vault.wrap_by_first_master_key().await.expect("answer"), new().id());
    assert!(opens(&vault, user(1), &ada).await, "what the old one wrapped");
    let mut seen = 0;
    let pass = vault.rewrap(|rows| seen += rows).await.expect("wrapped again");
    // Two keys of each person, one of the month, one that signs, one index key, four of the server.
    assert_eq!((pass.rows, pass.unopened, seen), (507, 0, 507));
    assert!(vault.retire_master_keys().await.expect("answer"));
    assert_eq!(vault.master_key_uses().await.expect("uses"), [wrapped(&new(), 507, true)]);
    assert_eq!(vault.rewrap(|_| ()).await.expect("nothing to do").rows, 0);

    let after = Vault::open(&place.url, new()).await.expect("the new key alone");
    assert!(opens(&after, user(1), &ada).await && opens(&after, user(250), &zoe).await);
    assert_eq!(after.picture(user(1), PICTURE).await.expect("read").as_deref(), Some(&b"a picture"[..]));
    assert_eq!(after.signing_keys().await.expect("keys").len(), 1);
    for purpose in [Purpose::Lasting, Purpose::Refresh, Purpose::Token, Purpose::Mail] {
        assert_eq!(after.server_key(purpose), before.server_key(purpose));
    }
    assert!(matches!(Vault::open(&place.url, master()).await, Err(VaultError::WrongMasterKey)));
}

async fn a_process_learns_the_new_key_from_its_file_when_it_meets_it(place: Place) {
    let file = KeyFile::new(&[master()]);
    let running = file.vault(&place).await;
    running.create_person(user(1), at_second(0)).await.expect("created");
    let ada = sealed(&running, user(1)).await;
    let elsewhere = KeyFile::new(&[new(), master()]).vault(&place).await;
    elsewhere.wrap_by_first_master_key().await.expect("answer");
    elsewhere.rewrap(|_| ()).await.expect("wrapped again");

    let refused = running.keyring(&[key_of(user(1))], Scope::All).await;
    assert!(matches!(refused, Err(VaultError::MissingMasterKey(id)) if id == new().id()));
    assert!(running.create_person(user(2), at_second(0)).await.is_err_and(|error| error.is_away()));
    file.write(&[new(), master()]);
    assert!(opens(&running, user(1), &ada).await);
    running.create_person(user(2), at_second(0)).await.expect("created by the new one");
    assert!(elsewhere.retire_master_keys().await.expect("answer"));
}

async fn a_key_is_not_retired_while_anything_is_wrapped_by_it(place: Place) {
    place.vault().await.create_person(user(1), at_second(0)).await.expect("created");
    let vault = KeyFile::new(&[new(), master()]).vault(&place).await;
    vault.wrap_by_first_master_key().await.expect("answer");
    vault.create_person(user(2), at_second(0)).await.expect("created");
    assert!(!vault.retire_master_keys().await.expect("answer"));
    let uses = vault.master_key_uses().await.expect("uses");
    assert_eq!(uses, [wrapped(&new(), 2, true), wrapped(&master(), 7, false)]);
    // Whatever counts, the list itself holds on to the key.
    let thrown_away = place.run("delete from master_keys where generation = 1").await;
    assert!(thrown_away.is_err_and(|error| is_of_a_foreign_key(&error)));
}

async fn nothing_is_wrapped_by_a_key_that_is_retired(place: Place) {
    let vault = KeyFile::new(&[new(), master()]).vault(&place).await;
    let turned = KeyFile::new(&[master(), new()]).vault(&place).await;
    assert_eq!(turned.wrap_by_first_master_key().await.expect("answer"), master().id());
    turned.rewrap(|_| ()).await.expect("wrapped again");
    assert!(turned.retire_master_keys().await.expect("answer"));
    let late = "insert into month_keys (month, wrapped, wrapped_by) values ('2026-11', 'x', 1)";
    let late = match place.url.starts_with("sqlite:") {
        true => late.replace("'x'", "x'00'"),
        false => late.to_owned(),
    };
    assert!(place.run(&late).await.is_err_and(|error| is_of_a_foreign_key(&error)));
    // Who thought that it wraps looks again.
    vault.create_person(user(1), at_second(0)).await.expect("created");
    assert_eq!(vault.master_key_uses().await.expect("uses"), [wrapped(&master(), 7, true)]);
}

fn is_of_a_foreign_key(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation)
}

async fn who_is_erased_while_keys_are_wrapped_again_stays_erased(place: Place) {
    let old = place.vault().await;
    for n in 1..=300 {
        old.create_person(user(n), at_second(0)).await.expect("created");
    }
    let vault = KeyFile::new(&[new(), master()]).vault(&place).await;
    vault.wrap_by_first_master_key().await.expect("answer");
    let (erasing, rewrapping) = (vault.clone(), vault.clone());
    let erased = tokio::spawn(async move {
        for n in (2..=300).step_by(2) {
            erasing.finish_erasure(user(n), at_second(1)).await.expect("erased");
        }
    });
    rewrapping.rewrap(|_| ()).await.expect("wrapped again");
    erased.await.expect("no panic");
    assert!(vault.retire_master_keys().await.expect("answer"));
    assert_eq!(place.count("profile_keys").await, 150);
    assert_eq!(place.count("credential_keys").await, 150);
    let gone = vault.sealer(user(2), at_second(0).month()).await;
    assert!(matches!(gone, Err(VaultError::PersonErased(_))));
    vault.sealer(user(1), at_second(0).month()).await.expect("another's keys stay");
}

async fn a_vault_from_before_keys_had_names_is_wrapped_again_too(place: Place) {
    let old = place.vault().await;
    old.create_person(user(1), at_second(0)).await.expect("created");
    let ada = sealed(&old, user(1)).await;
    for table in ["profile_keys", "credential_keys", "month_keys", "server_keys", "index_keys"] {
        place.run(&format!("update {table} set wrapped_by = null")).await.expect("done");
    }
    place.run("delete from master_keys").await.expect("done");

    let vault = KeyFile::new(&[new(), master()]).vault(&place).await;
    let nameless = MasterKeyUse { id: None, rows: 8, wraps: false };
    let uses = vault.master_key_uses().await.expect("uses");
    assert_eq!(uses, [wrapped(&master(), 0, true), nameless], "it is known by what it opens");
    vault.wrap_by_first_master_key().await.expect("answer");
    assert!(!vault.retire_master_keys().await.expect("answer"), "nobody knows what wraps the nameless");
    assert_eq!(vault.rewrap(|_| ()).await.expect("wrapped again").rows, 8);
    assert!(vault.retire_master_keys().await.expect("answer"));
    assert!(opens(&Vault::open(&place.url, new()).await.expect("opened"), user(1), &ada).await);
}

async fn who_has_some_of_the_keys_only_does_not_start(place: Place) {
    place.vault().await;
    let vault = KeyFile::new(&[new(), master()]).vault(&place).await;
    vault.wrap_by_first_master_key().await.expect("answer");
    for (has, lacks) in [(master(), new()), (new(), master())] {
        let refused = Vault::open(&place.url, has).await;
        assert!(matches!(refused, Err(VaultError::MissingMasterKey(id)) if id == lacks.id()));
    }
}

async fn what_no_key_opens_keeps_the_old_one_from_being_retired(place: Place) {
    let old = place.vault().await;
    for n in [1, 2] {
        old.create_person(user(n), at_second(0)).await.expect("created");
    }
    let broken = match place.url.starts_with("sqlite:") {
        true => "update profile_keys set wrapped = x'00' where user_id = x'00000000000000000000000000000001'",
        false => {
            "update profile_keys set wrapped = '\\x00' where user_id = '00000000-0000-0000-0000-000000000001'"
        }
    };
    assert_eq!(place.run(broken).await.expect("done"), 1);
    let vault = KeyFile::new(&[new(), master()]).vault(&place).await;
    vault.wrap_by_first_master_key().await.expect("answer");
    let pass = vault.rewrap(|_| ()).await.expect("the others are wrapped again");
    assert_eq!((pass.rows, pass.unopened), (8, 1));
    assert!(!vault.retire_master_keys().await.expect("answer"));
}
