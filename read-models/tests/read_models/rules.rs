//! What the tables show of what happened.

use crate::{
    history::{History, at, key, role, service, session, user},
    world::on_both,
};
use events::{Fact, LogId, Permission, Position, RoleRemoved, StreamName, Version};
use read_models::{ApplyError, Living, ReadModels, ReadModelsError, UserStatus};
use std::time::Duration;
use uuid::Uuid;

#[tokio::test]
async fn a_person_is_shown_as_their_stream_tells() {
    on_both(async |world| {
        let mut history = History::new();
        history.registered(1, "ada@example.org", Some("Ada"));
        history.renamed(1, "ada@example.net", Some("Ada L."));
        history.granted(1, "auditor");
        history.started(1, 1);
        history.suspended(1);
        world.given(&history).await;

        let shown = world.models.user(user(1)).await.expect("the table answers");
        assert_eq!(shown.position, Position(5));
        let row = shown.value.expect("the person is there");
        assert_eq!(row.email.as_deref(), Some("ada@example.net"));
        assert_eq!(row.display_name.as_deref(), Some("Ada L."));
        assert_eq!(row.status, UserStatus::Suspended);
        assert_eq!(row.roles, [role("auditor"), role("user")].into());
        assert_eq!((row.created_at, row.updated_at), (at(1), at(5)));
        assert_eq!((row.last_login_at, row.version), (Some(at(4)), Version(4)));
    })
    .await;
}

#[tokio::test]
async fn an_answer_about_nobody_says_its_position_too() {
    on_both(async |world| {
        let mut history = History::new();
        history.registered(1, "ada@example.org", None);
        world.given(&history).await;
        let shown = world.models.user(user(2)).await.expect("the table answers");
        assert_eq!((shown.position, shown.value), (Position(1), None));
    })
    .await;
}

#[tokio::test]
async fn a_session_lives_from_its_start_to_its_end() {
    on_both(async |world| {
        let mut history = History::new();
        history.registered(1, "ada@example.org", None);
        let started = history.started(1, 1);
        history.refreshed(1, 1, started);
        history.started(2, 1);
        history.signed_out(2, 1);
        world.given(&history).await;

        let row =
            world.models.session(session(1)).await.expect("the table answers").value.expect("it is there");
        assert_eq!((row.started_at, row.started_position), (at(2), started));
        assert_eq!((row.refreshed_at, row.ended_at), (at(3), None));
        assert_eq!(row.ip.as_deref(), Some("192.0.2.51"));
        let living = |seen_after| Some(Living { at: at(6), seen_after });
        for (seen_after, shown) in [(at(2), vec![row]), (at(3), vec![])] {
            let live = world.models.sessions_of(user(1), living(seen_after), None, 10).await;
            assert_eq!(live.expect("the table answers").value, shown, "seen after {seen_after}");
        }
        let all = world.models.sessions_of(user(1), None, None, 10).await.expect("the table answers").value;
        assert_eq!(all.iter().map(|row| row.ended_at).collect::<Vec<_>>(), [Some(at(5)), None]);
    })
    .await;
}

#[tokio::test]
async fn a_refreshing_never_brings_an_ended_session_back() {
    on_both(async |world| {
        let mut history = History::new();
        let started = history.started(1, 1);
        history.signed_out(1, 1);
        world.given(&history).await;
        history.refreshed(1, 1, started);
        world.given_after(&history, 2).await;
        let row =
            world.models.session(session(1)).await.expect("the table answers").value.expect("it is there");
        assert_eq!(row.ended_at, Some(at(2)));
    })
    .await;
}

#[tokio::test]
async fn revoking_all_sessions_ends_those_before_it_but_for_the_excepted_one() {
    on_both(async |world| {
        let mut history = History::new();
        history.registered(1, "ada@example.org", None);
        history.started(1, 1);
        history.started(2, 1);
        history.started(3, 2);
        world.given(&history).await;
        history.started(4, 1);
        history.all_revoked(1, Some(2));
        history.started(5, 1);
        world.given_after(&history, 4).await;

        for (number, ended) in [(1, Some(at(6))), (2, None), (3, None), (4, Some(at(6))), (5, None)] {
            let row = world.models.session(session(number)).await.expect("the table answers").value;
            assert_eq!(row.expect("it is there").ended_at, ended, "session {number}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_rows_of_an_erased_person_are_the_same_whenever_the_keys_went() {
    on_both(async |world| {
        let mut history = History::new();
        history.registered(1, "ada@example.org", Some("Ada"));
        let started = history.started(1, 1);
        history.started(2, 1);
        history.signed_out(2, 1);
        history.of_user(1, Fact::UserErased);
        // Whoever was signing in at that moment comes last, and the key may still live.
        history.refreshed(1, 1, started);
        history.started(3, 1);
        world.given(&history).await;

        let scratch = ReadModels::open_scratch(&world.url).await.expect("a scratch can be made");
        let without_keys = history.without_keys();
        scratch.apply(Position::START, history.log, &without_keys.events).await.expect("it is applied");
        let (live, rebuilt) = (world.models.digest().await, scratch.digest().await);
        assert_eq!(live.expect("it has a digest").difference(&rebuilt.expect("it has one")), None);
        for number in 1..=3 {
            let row = world.models.session(session(number)).await.expect("the table answers").value;
            let row = row.expect("it is there");
            assert_eq!((row.ip, row.user_agent), (None, None));
        }
        let row = world.models.user(user(1)).await.expect("the table answers").value.expect("it is there");
        assert_eq!((row.email, row.display_name, row.status), (None, None, UserStatus::Erased));
        scratch.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_role_is_as_it_was_last_defined_and_gone_when_removed() {
    on_both(async |world| {
        let mut history = History::new();
        history.defined("front-desk", Permission::UsersRead);
        history.defined("back-desk", Permission::UsersRead);
        world.given(&history).await;
        history.defined("front-desk", Permission::UsersWrite);
        let fact = Fact::RoleRemoved(RoleRemoved { role: role("back-desk") });
        history.then(StreamName::role(&role("back-desk")), fact);
        world.given_after(&history, 2).await;

        let roles = world.models.roles().await.expect("the table answers");
        assert_eq!(roles.position, Position(4));
        let [only] = roles.value.try_into().expect("one role");
        assert_eq!(only.name, role("front-desk"));
        assert_eq!(only.permissions, [Permission::UsersWrite].into());
        assert_eq!((only.version, only.defined_at), (Version(2), at(3)));
    })
    .await;
}

#[tokio::test]
async fn revocations_tell_what_changed_lately_and_nothing_older() {
    on_both(async |world| {
        let mut history = History::new();
        history.registered(1, "ada@example.org", None);
        history.registered(2, "bob@example.org", None);
        history.started(1, 1);
        history.signed_out(1, 1);
        let ended = history.all_revoked(1, Some(9));
        history.granted(1, "auditor");
        world.given(&history).await;

        let lately = world.models.revocations().await.expect("the tables answer");
        assert_eq!(lately.position, Position(6));
        let [gone] = lately.value.sessions.try_into().expect("one session ended");
        assert_eq!((gone.session_id, gone.user_id, gone.ended_at), (session(1), user(1), at(4)));
        let [person] = lately.value.people.try_into().expect("one person changed");
        assert_eq!((person.user_id, person.status, person.changed_at), (user(1), UserStatus::Active, at(6)));
        assert_eq!(person.roles, [role("auditor"), role("user")].into());
        let revoked = person.revoked.expect("their sessions were revoked");
        assert_eq!((revoked.before, revoked.except), (ended, Some(session(9))));

        // A command may have been tried first a day before it was done, and says that time.
        for (hours, told) in [(25, 1), (1, 0)] {
            history.wait(Duration::from_secs(hours * 60 * 60));
            let known = history.events.len();
            history.defined("front-desk", Permission::UsersRead);
            world.given_after(&history, known).await;
            let lately = world.models.revocations().await.expect("the tables answer").value;
            assert_eq!((lately.sessions.len(), lately.people.len()), (told, told), "{hours} hours later");
        }
    })
    .await;
}

#[tokio::test]
async fn of_two_who_apply_the_same_batch_one_is_fenced_off() {
    on_both(async |world| {
        let mut history = History::new();
        history.registered(1, "ada@example.org", None);
        let other = ReadModels::open(&world.url).await.expect("they open twice");
        let apply = |models: ReadModels| {
            let history = history.clone();
            async move { models.apply(Position::START, history.log, &history.events).await }
        };
        let (one, two) = tokio::join!(apply(world.models.clone()), apply(other.clone()));
        let fenced = |outcome: &Result<(), ApplyError>| matches!(outcome, Err(ApplyError::Fenced));
        assert!(fenced(&one) != fenced(&two), "{one:?} {two:?}");
        assert!(one.is_ok() != two.is_ok());
        other.close().await;
    })
    .await;
}

#[tokio::test]
async fn another_log_is_refused() {
    on_both(async |world| {
        let mut history = History::new();
        history.registered(1, "ada@example.org", None);
        world.given(&history).await;
        history.registered(2, "bob@example.org", None);
        let foreign = LogId(Uuid::from_u128(2));
        let refused = world.models.apply(Position(1), foreign, &history.events[1..]).await;
        assert!(
            matches!(refused, Err(ApplyError::OtherLog { shown }) if shown == history.log),
            "{refused:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn tables_that_were_never_made_do_not_open() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let url = format!("sqlite:{}", folder.path().join("read.db").display());
    assert!(matches!(ReadModels::open(&url).await, Err(ReadModelsError::NotMigrated)));
    on_both(async |world| {
        assert!(ReadModels::open_previous(&world.url).await.expect("it can be asked").is_none());
        ReadModels::migrate(&world.url).await.expect("migrating again changes nothing");
    })
    .await;
}

#[tokio::test]
async fn a_nul_in_a_name_stops_nobody() {
    on_both(async |world| {
        let mut history = History::new();
        history.registered(1, "ada@example.org", Some("A\0da"));
        world.given(&history).await;
        let row = world.models.user(user(1)).await.expect("the table answers").value.expect("it is there");
        assert_eq!(row.display_name.as_deref(), Some("A\u{fffd}da"));
    })
    .await;
}

#[tokio::test]
async fn a_service_account_is_shown_with_its_keys_until_it_is_removed() {
    on_both(async |world| {
        let mut history = History::new();
        history.service_created(1);
        history.key_issued(1, 1);
        history.key_issued(1, 2);
        history.key_used(1, 1);
        history.key_revoked(1, 2);
        history.service_created(2);
        history.key_used(1, 1);
        world.given(&history).await;
        let account = world.models.service_account(service(1)).await.expect("the table answers").value;
        let account = account.expect("it is there");
        assert_eq!((account.created_at, account.version), (at(1), Version(4)));
        assert_eq!(
            account.keys.iter().map(|key| (key.id, key.issued_at)).collect::<Vec<_>>(),
            [(key(1), at(2))]
        );
        let uses = world.models.key_uses(service(1)).await.expect("the table answers").value;
        assert_eq!(uses.into_iter().collect::<Vec<_>>(), [(key(1), at(7))]);
        let page =
            world.models.service_accounts(Some(service(1)), 10).await.expect("the table answers").value;
        assert_eq!(page.iter().map(|account| account.id).collect::<Vec<_>>(), [service(2)]);
        let known = history.events.len();
        history.service_removed(1);
        world.given_after(&history, known).await;
        assert_eq!(world.models.service_account(service(1)).await.expect("the table answers").value, None);
    })
    .await;
}
