//! Rules, told as what happened and who is admitted then.

use super::*;
use events::{
    BuiltInRole, EndCause, Personal, RevocationCause, RoleDefined, RoleGranted, RoleRemoved, RoleRevoked,
    SessionRevoked, SessionsRevoked, UserSuspended,
};
use uuid::Uuid;

const ADA: UserId = UserId(Uuid::from_u128(1));
const HERE: SessionId = SessionId(Uuid::from_u128(10));
const THERE: SessionId = SessionId(Uuid::from_u128(11));
const KEEP: Duration = Duration::from_secs(3600);
const NOON: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

fn given(facts: impl IntoIterator<Item = (u64, StreamName, Fact)>) -> Standing {
    let mut standing = Standing::new(KEEP);
    for (position, stream, fact) in facts {
        standing.apply(Position(position), &stream, &fact, NOON);
    }
    standing
}

fn ada(position: u64, fact: Fact) -> (u64, StreamName, Fact) {
    (position, StreamName::user(ADA), fact)
}

fn ended(position: u64, session: SessionId) -> (u64, StreamName, Fact) {
    let fact = SessionRevoked { user_id: ADA, cause: EndCause::SignedOut };
    (position, StreamName::session(session), Fact::SessionRevoked(fact))
}

fn all_but(except: Option<SessionId>) -> Fact {
    Fact::SessionsRevoked(SessionsRevoked { except, cause: RevocationCause::RequestedByOwner })
}

fn suspended() -> Fact {
    Fact::UserSuspended(UserSuspended { reason: Personal::Erased(true) })
}

fn role(name: &str) -> RoleName {
    name.parse().expect("a role name")
}

fn defined(position: u64, name: &str, permission: Permission) -> (u64, StreamName, Fact) {
    let fact = RoleDefined { role: role(name), permissions: [permission].into() };
    (position, StreamName::role(&role(name)), Fact::RoleDefined(fact))
}

#[test]
fn who_did_nothing_is_admitted() {
    assert!(given([]).admits(ADA, HERE, Position(3)));
}

#[test]
fn an_ended_session_is_not_admitted_and_others_are() {
    let standing = given([ended(5, HERE)]);
    assert!(!standing.admits(ADA, HERE, Position(3)));
    assert!(standing.admits(ADA, THERE, Position(4)));
}

#[test]
fn all_sessions_before_but_one_end_and_later_ones_begin() {
    let standing = given([ada(9, all_but(Some(HERE)))]);
    assert!(standing.admits(ADA, HERE, Position(3)));
    assert!(!standing.admits(ADA, THERE, Position(4)));
    assert!(standing.admits(ADA, THERE, Position(10)));
}

#[test]
fn a_revocation_told_again_late_does_not_undo_a_newer_one() {
    let standing = given([ada(9, all_but(None)), ada(5, all_but(Some(HERE)))]);
    assert!(!standing.admits(ADA, HERE, Position(3)));
}

#[test]
fn who_is_suspended_deleted_or_erased_is_not_admitted() {
    for fact in [suspended(), Fact::UserDeleted, Fact::UserErased] {
        assert!(!given([ada(5, fact)]).admits(ADA, HERE, Position(3)));
    }
    assert!(given([ada(5, suspended()), ada(6, Fact::UserReinstated)]).admits(ADA, HERE, Position(3)));
}

#[test]
fn the_newest_change_of_a_role_wins_over_the_token() {
    let granted = Fact::RoleGranted(RoleGranted { role: role("desk") });
    let revoked = Fact::RoleRevoked(RoleRevoked { role: role("admin") });
    let standing = given([ada(5, granted), ada(6, revoked)]);
    let said = [role("admin"), role("user")];
    assert_eq!(standing.roles(ADA, &said), [role("desk"), role("user")].into());
}

#[test]
fn all_roles_once_known_outweigh_the_token_and_go_on_changing() {
    let mut standing = given([]);
    standing.set_roles(ADA, [role("user"), role("desk")].into(), NOON);
    assert_eq!(standing.roles(ADA, &[role("admin")]), [role("user"), role("desk")].into());
    let revoked = Fact::RoleRevoked(RoleRevoked { role: role("desk") });
    standing.apply(Position(9), &StreamName::user(ADA), &revoked, NOON);
    assert_eq!(standing.roles(ADA, &[role("admin")]), [role("user")].into());
}

#[test]
fn a_role_permits_what_its_newest_definition_says() {
    let standing =
        given([defined(7, "desk", Permission::UsersRead), defined(4, "desk", Permission::UsersWrite)]);
    assert_eq!(standing.permissions(&[role("desk")].into()), [Permission::UsersRead].into());
}

#[test]
fn a_removed_or_undefined_role_permits_nothing() {
    let removed = Fact::RoleRemoved(RoleRemoved { role: role("desk") });
    let standing =
        given([defined(4, "desk", Permission::UsersRead), (5, StreamName::role(&role("desk")), removed)]);
    assert!(standing.permissions(&[role("desk"), role("nobody-knows")].into()).is_empty());
}

#[test]
fn built_in_roles_permit_what_they_always_did() {
    let auditor = BuiltInRole::Auditor;
    let standing = given([defined(4, "auditor", Permission::SystemOperate)]);
    assert_eq!(standing.permissions(&[auditor.name()].into()), auditor.permissions());
}

#[test]
fn a_change_is_forgotten_once_every_token_before_it_is_over() {
    let mut standing = given([ended(5, HERE), ada(6, suspended())]);
    let (_, stream, fact) = ended(7, THERE);
    standing.apply(Position(7), &stream, &fact, NOON.after(KEEP));
    assert_eq!(standing.len(), 3);
    standing.apply(Position(8), &stream, &fact, NOON.after(KEEP + Duration::from_secs(61)));
    assert_eq!(standing.len(), 1);
}

#[test]
fn what_cannot_be_read_of_a_person_ends_their_sessions_before_it() {
    let mut standing = given([]);
    assert_eq!(standing.deny(Position(5), &StreamName::user(ADA), NOON), Denied::Person);
    assert!(!standing.admits(ADA, HERE, Position(3)));
    assert!(standing.admits(ADA, THERE, Position(6)), "who let her in since could read it");
    assert!(standing.admits(UserId(Uuid::from_u128(2)), HERE, Position(3)));
}

#[test]
fn what_was_known_of_roles_does_not_outlive_what_cannot_be_read() {
    let mut standing = given([ada(4, Fact::RoleGranted(RoleGranted { role: role("admin") }))]);
    standing.deny(Position(5), &StreamName::user(ADA), NOON);
    assert_eq!(standing.roles(ADA, &[role("user")]), [role("user")].into(), "the newer token is right");
}

#[test]
fn what_cannot_be_read_of_a_session_ends_it() {
    let mut standing = given([]);
    assert_eq!(standing.deny(Position(5), &StreamName::session(HERE), NOON), Denied::Session);
    assert!(!standing.admits(ADA, HERE, Position(3)));
    assert!(standing.admits(ADA, THERE, Position(3)));
}

#[test]
fn what_cannot_be_read_of_a_role_leaves_it_nothing_until_it_is_defined_again() {
    let mut standing = given([defined(4, "desk", Permission::UsersRead)]);
    assert_eq!(standing.deny(Position(5), &StreamName::role(&role("desk")), NOON), Denied::Role);
    assert!(standing.permissions(&[role("desk")].into()).is_empty());
    let (position, stream, fact) = defined(6, "desk", Permission::RolesRead);
    standing.apply(Position(position), &stream, &fact, NOON);
    assert_eq!(standing.permissions(&[role("desk")].into()), [Permission::RolesRead].into());
}

#[test]
fn what_cannot_be_read_of_anything_else_denies_nobody() {
    let mut standing = given([]);
    for stream in
        [StreamName::sign_in(ADA), "export-1".parse().expect("a name"), "tenant-1".parse().expect("a name")]
    {
        assert_eq!(standing.deny(Position(5), &stream, NOON), Denied::Nobody, "{stream}");
    }
    assert_eq!(standing.len(), 0);
}
