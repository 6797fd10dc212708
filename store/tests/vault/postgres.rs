//! What PostgreSQL's roles may and may not see.

use crate::place::{Place, at_second, empty_database, master, user};
use events::{EventId, Group, KeyName, SealContext, StreamName};
use sqlx::{Connection, Executor, PgConnection};
use store::vault::{ClaimOutcome, ErasureDue, Filled, Purpose, Scope, Vault, VaultError};
use uuid::Uuid;

async fn opened_as(place: &Place, role: &str) -> Vault {
    let url = format!("{}?options[role]={role}", place.url);
    Vault::open(&url, master()).await.expect("opened")
}

fn is_forbidden<T>(result: Result<T, VaultError>) -> bool {
    let Err(VaultError::Broken(sqlx::Error::Database(error))) = result else { return false };
    error.code().is_some_and(|code| code == "42501")
}

#[tokio::test]
async fn a_reader_cannot_read_credential_keys_refresh_keys_or_private_keys() {
    let place = Place::postgres().await;
    place.vault().await.ensure_signing_key(at_second(0)).await.expect("made");
    let mut connection = PgConnection::connect(&place.url).await.expect("connected");
    connection.execute("set role evident_vault_reader").await.expect("the role is there");
    for forbidden in [
        "select wrapped from evident_vault.credential_keys",
        "select wrapped from evident_vault.signing_keys",
        "select address_hash from evident_vault.addresses",
        "select wrapped from evident_vault.index_keys",
        "select seed from evident_vault.requests",
        "insert into evident_vault.server_keys (purpose, wrapped) values ('refresh', '')",
        "delete from evident_vault.profile_keys",
        "insert into evident_vault.month_keys (month, wrapped) values ('2026-11', '')",
    ] {
        let error = connection.execute(forbidden).await.expect_err(forbidden);
        let code = error.as_database_error().and_then(|error| error.code()).expect("a code").into_owned();
        assert_eq!(code, "42501", "{forbidden}");
    }
    let visible: Vec<String> =
        sqlx::query_scalar("select purpose from evident_vault.server_keys order by purpose")
            .fetch_all(&mut connection)
            .await
            .expect("some are visible");
    assert_eq!(visible, ["index", "token"]);
}

#[tokio::test]
async fn a_reader_opens_profiles_and_verifies_but_no_more() {
    let place = Place::postgres().await;
    let (owner, ada) = (place.vault().await, user(1));
    owner.create_person(ada, at_second(0)).await.expect("created");
    owner.ensure_signing_key(at_second(0)).await.expect("made");
    let key = KeyName { person: ada, group: Group::Profile, month: None };
    let credential = KeyName { group: Group::Credential, ..key };
    let stream = StreamName::user(ada);
    let event_id = EventId(Uuid::from_u128(9));
    let context = SealContext { event_id, stream: &stream, event_type: "user.registered.v1", key };
    let sealed = owner.sealer(ada, at_second(0).month()).await.expect("keys").seal(&context, b"Ada");

    let reader = opened_as(&place, "evident_vault_reader").await;
    let ring = reader.keyring(&[key, credential], Scope::Profiles).await.expect("a ring");
    assert_eq!(ring.open(&context, &sealed).as_deref(), Some(&b"Ada"[..]));
    assert_eq!(reader.public_signing_keys().await.expect("keys").len(), 1);
    assert_eq!(reader.server_key(Purpose::Token), owner.server_key(Purpose::Token));

    assert!(is_forbidden(reader.keyring(&[credential], Scope::All).await));
    assert!(is_forbidden(reader.sealer(ada, at_second(0).month()).await));
    assert!(is_forbidden(reader.signing_keys().await));
    assert!(is_forbidden(reader.create_person(user(2), at_second(0)).await));
    assert!(is_forbidden(reader.find_address("ada@example.org").await));
    assert!(is_forbidden(reader.finish_erasure(ada, at_second(0)).await));
    assert_ne!(reader.server_key(Purpose::Refresh), owner.server_key(Purpose::Refresh));
}

#[tokio::test]
async fn the_command_role_is_all_that_command_api_needs() {
    let place = Place::postgres().await;
    let (vault, ada) = (opened_as(&place, "evident_vault_command").await, user(1));
    let address = vault.address_hash("ada@example.org");
    vault.create_person(ada, at_second(0)).await.expect("created");
    vault.sealer(ada, at_second(0).month()).await.expect("keys");
    vault.claim_address("ada@example.org", ada, at_second(0)).await.expect("claimed");
    vault.update_attempts(address, &[1; 32], |_, _| ()).await.expect("updated");
    vault.forget_attempts(address).await.expect("forgotten");
    vault.remember_request(&[1; 32], &[1; 32], [1; 16], at_second(0)).await.expect("remembered");
    vault.record_admin(ada, events::Version(1), true).await.expect("recorded");
    vault.withdraw_admin(ada, events::Version(1)).await.expect("answered");
    vault.ensure_signing_key(at_second(0)).await.expect("made");
    vault.signing_keys().await.expect("keys");
    let due = ErasureDue { intent: Uuid::from_u128(1), user: ada, if_deleted: true, due_at: at_second(0) };
    vault.note_erasure(&due).await.expect("noted");
    vault.note_erasure(&due).await.expect("noted again");
    assert_eq!(vault.due_erasures(at_second(0), None, 10).await.expect("a list"), [due]);
    vault.take_back_erasure(due.intent).await.expect("taken back");
    vault.finish_erasure(ada, at_second(0)).await.expect("erased");
    vault.sweep(at_second(0)).await.expect("swept");
    vault.begin_refilling().await.expect("begun");
    let [row] = &vault.unfilled(None).await.expect("rows")[..] else { panic!("one address") };
    assert_eq!(vault.fill(row, "ada@example.org").await.expect("filled"), Filled::Done);
    assert!(vault.go_over(at_second(0)).await.expect("gone over"));
    assert_eq!(vault.forget_old_hashes().await.expect("forgotten"), 1);
    assert_eq!(vault.retire_index_keys(at_second(0)).await.expect("retired"), 1);
    vault.rewrap(|_| ()).await.expect("nothing to wrap again");
    assert!(vault.retire_master_keys().await.expect("nothing to retire"));
    assert_eq!(vault.server_key(Purpose::Refresh), place.vault().await.server_key(Purpose::Refresh));
}

#[tokio::test]
async fn a_database_without_a_vault_is_not_migrated() {
    let opened = Vault::open(&empty_database().await, master()).await;
    assert!(matches!(opened, Err(VaultError::NotMigrated)));
}

#[tokio::test]
async fn erasures_that_were_unfinished_before_they_had_a_time_are_due_at_once() {
    let mut connection = PgConnection::connect(&empty_database().await).await.expect("connected");
    let mut run = async |statements| connection.execute(statements).await.expect("done");
    run("create schema evident_vault; create table evident_vault.migrations (version bigint)").await;
    run(include_str!("../../../migrations/vault/postgres/0001_vault.sql")).await;
    run("insert into evident_vault.erasures values (gen_random_uuid(), 7, null), (gen_random_uuid(), 8, 9)")
        .await;
    run(include_str!("../../../migrations/vault/postgres/0002_erasures_due.sql")).await;
    let due: Vec<(bool, i64)> =
        sqlx::query_as("select if_deleted, due_at_us from evident_vault.erasures_due")
            .fetch_all(&mut connection)
            .await
            .expect("rows");
    assert_eq!(due, [(true, 7)]);
    let erased: Vec<i64> = sqlx::query_scalar("select finished_at_us from evident_vault.erasures")
        .fetch_all(&mut connection)
        .await
        .expect("rows");
    assert_eq!(erased, [9]);
}

/// The statement that claims goes by how the directory stands when it is committed, not when it began.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_waits_for_whoever_changes_how_the_directory_stands_and_is_waited_for() {
    let place = Place::postgres().await;
    let vault = place.vault().await;
    assert_eq!(vault.find_address("ada@x.io").await.expect("answer"), None);
    let mut other = PgConnection::connect(&place.url).await.expect("connected");
    let run = async |other: &mut PgConnection, statement: &'static str| {
        other.execute(statement).await.expect(statement);
    };
    run(&mut other, "set search_path = evident_vault").await;
    run(&mut other, "begin; update directory set reads = reads").await;
    let claiming = {
        let vault = vault.clone();
        tokio::spawn(async move { vault.claim_address("ada@x.io", user(1), at_second(0)).await })
    };
    until_somebody_waits(&place).await;
    run(&mut other, "commit").await;
    assert_eq!(claiming.await.expect("no panic").expect("answer"), ClaimOutcome::Claimed);

    // As a claim that is under way: its row is there once the directory's is let go.
    vault.begin_refilling().await.expect("begun");
    let [row] = &vault.unfilled(None).await.expect("rows")[..] else { panic!("one address") };
    assert_eq!(vault.fill(row, "ada@x.io").await.expect("answer"), Filled::Done);
    run(&mut other, "begin; select one from directory for share").await;
    run(
        &mut other,
        "insert into addresses (address_hash, user_id, confirmed, claimed_at_us)
        values ('\\x01', gen_random_uuid(), false, 0)",
    )
    .await;
    let going_over = {
        let vault = vault.clone();
        tokio::spawn(async move { vault.go_over(at_second(1)).await })
    };
    until_somebody_waits(&place).await;
    run(&mut other, "commit").await;
    assert!(
        !going_over.await.expect("no panic").expect("answer"),
        "it lacks a hash that was claimed meanwhile"
    );
}

async fn until_somebody_waits(place: &Place) {
    let mut looking = PgConnection::connect(&place.url).await.expect("connected");
    let waiting = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(&mut looking).await.expect("a count");
        if waiting > 0 {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "nobody waits");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
