use super::*;
use crate::domain::tests::support::*;
use events::RevocationCause;

const BY_OWNER: RevocationCause = RevocationCause::RequestedByOwner;

fn person(history: impl IntoIterator<Item = Fact>) -> Person {
    given(history).user.person().expect("somebody who is there").clone()
}

#[test]
fn a_person_is_what_their_stream_says() {
    let ada = person([
        registered("ada@x.io"),
        renamed("ada@x.io", Some("Ada")),
        granted("auditor"),
        revoked("user"),
        password_changed("second"),
        rehashed("second, dearer"),
    ]);
    let profile = Profile { email: "ada@x.io".to_owned(), display_name: Some("Ada".to_owned()) };
    assert_eq!(ada.profile, Some(profile));
    assert_eq!(ada.password_hash, Some(hash("second, dearer")));
    assert_eq!((ada.password_version, ada.credential_version), (Version(5), Version(6)));
    assert_eq!(ada.roles, [role("auditor")].into());
    assert_eq!((ada.created_at, ada.updated_at, ada.version), (minute(1), minute(6), Version(6)));
}

#[test]
fn a_change_of_state_is_seen_in_the_version() {
    let ada = person([registered("ada@x.io"), suspended("spam"), Fact::UserReinstated, Fact::UserDeleted]);
    assert_eq!((ada.version, ada.updated_at), (Version(4), minute(4)));
}

#[test]
fn a_session_stands_until_all_before_it_end() {
    let user = given([registered("ada@x.io"), sessions_revoked(Some(session(7)), BY_OWNER)]).user;
    let ended_at = position_of(Version(2));
    assert!(!user.session_stands(session(1), Position(ended_at.0 - 1)));
    assert!(user.session_stands(session(7), Position(ended_at.0 - 1)), "the one that was excepted");
    assert!(user.session_stands(session(2), ended_at.next()), "one that started later");
}

#[test]
fn an_exception_ends_with_the_next_revocation() {
    let user = given([
        registered("ada@x.io"),
        sessions_revoked(Some(session(7)), BY_OWNER),
        sessions_revoked(Some(session(8)), BY_OWNER),
    ]);
    assert!(!user.user.session_stands(session(7), Position(11)));
    assert!(user.user.session_stands(session(8), Position(25)));
}

#[test]
fn no_session_stands_for_who_may_not_sign_in() {
    let later = Position(u64::MAX);
    assert!(!User::Unknown.session_stands(session(1), later));
    for last in [suspended("spam"), Fact::UserDeleted, Fact::UserErased] {
        assert!(!given([registered("ada@x.io"), last]).user.session_stands(session(1), later));
    }
}

#[test]
fn a_sign_in_stands_when_nothing_was_meant_against_it() {
    let decided_at = Version(1);
    assert!(given([registered("ada@x.io")]).user.still_admits(decided_at));
    for last in [rehashed("first, dearer"), renamed("ada@x.io", Some("Ada")), granted("auditor")] {
        assert!(given([registered("ada@x.io"), last]).user.still_admits(decided_at));
    }
}

#[test]
fn a_sign_in_falls_with_what_was_meant_against_it() {
    let decided_at = Version(1);
    for last in [
        suspended("spam"),
        Fact::UserDeleted,
        Fact::UserErased,
        password_changed("second"),
        sessions_revoked(None, BY_OWNER),
        sessions_revoked(Some(session(7)), BY_OWNER),
    ] {
        let event_type = last.event_type();
        assert!(!given([registered("ada@x.io"), last]).user.still_admits(decided_at), "{event_type}");
    }
    assert!(!User::Unknown.still_admits(decided_at));
}

#[test]
fn a_sign_in_that_was_decided_afterwards_stands() {
    let history = [registered("ada@x.io"), password_changed("second"), sessions_revoked(None, BY_OWNER)];
    assert!(given(history).user.still_admits(Version(3)));
}

#[test]
fn what_cannot_have_happened_is_a_contradiction() {
    for (history, impossible, state) in [
        (vec![], Fact::UserDeleted, "unknown"),
        (vec![registered("ada@x.io")], registered("ada@x.io"), "active"),
        (vec![registered("ada@x.io")], Fact::UserReinstated, "active"),
        (vec![registered("ada@x.io")], Fact::LockoutLifted, "active"),
        (vec![registered("ada@x.io"), suspended("spam")], suspended("spam"), "suspended"),
        (vec![registered("ada@x.io"), Fact::UserDeleted], suspended("spam"), "deleted"),
        (vec![registered("ada@x.io"), Fact::UserDeleted], Fact::UserReinstated, "deleted"),
        (vec![registered("ada@x.io"), Fact::UserErased], Fact::UserErased, "erased"),
        (vec![registered("ada@x.io"), Fact::UserErased], registered("ada@x.io"), "erased"),
    ] {
        let told = history.into_iter().fold(Told::default(), Told::then);
        let (position, version) = (Position(999), told.version.next());
        let happened = Happened { position, version, at: minute(9), fact: &impossible };
        let event_type = impossible.event_type();
        assert_eq!(told.user.apply(&happened), Err(Contradiction { position, event_type, state }));
    }
}
