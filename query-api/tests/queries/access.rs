//! What was taken away or given works at once, told by the feed alone: in these tests the read models learn nothing
//! of it unless a test projects.

use crate::{
    answer::ask_until_shown,
    world::{Somebody, World, ask},
};
use events::{
    EndCause, Fact, Permission, Personal, Position, Reason, RevocationCause, RoleDefined, RoleGranted,
    RoleName, RoleRevoked, SessionReplayDetected, SessionRevoked, SessionsRevoked, StreamName, UserSuspended,
};
use http::StatusCode;
use service::position::EVIDENT_MIN_POSITION;
use std::time::Duration;

const USERS: &str = "/api/v1/users";
const ROLES: &str = "/api/v1/roles";

impl World {
    /// Something happens that only the feed sees.
    async fn feed(&mut self, stream: StreamName, somebody: &Somebody, fact: Fact) -> Position {
        let position = self.append(stream, Some(somebody.user), fact).await;
        self.app.followed(position).await;
        position
    }

    async fn status(&self, path: &str, somebody: &Somebody) -> u16 {
        self.get(path, somebody).await.status.as_u16()
    }
}

fn of(somebody: &Somebody) -> StreamName {
    StreamName::user(somebody.user)
}

fn suspended() -> Fact {
    Fact::UserSuspended(UserSuspended { reason: Personal::Open(Reason { text: "spam".into() }) })
}

fn role(name: &str) -> RoleName {
    name.parse().expect("a role name")
}

fn ended(somebody: &Somebody) -> Fact {
    Fact::SessionRevoked(SessionRevoked { user_id: somebody.user, cause: EndCause::SignedOut })
}

#[tokio::test]
async fn an_ended_session_is_refused_and_another_one_is_not() {
    let mut world = World::new().await;
    let here = world.somebody("Ada", &["admin"]).await;
    let there = world.sign_in(here.user, &["admin"]).await;
    world.feed(StreamName::session(here.session), &here, ended(&here)).await;
    assert_eq!(world.get(USERS, &here).await.code(), "invalid-token");
    assert_eq!(world.status(USERS, &there).await, 200);
}

#[tokio::test]
async fn a_replayed_session_is_refused() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["admin"]).await;
    let network = Personal::Open(events::Network::UNKNOWN);
    let replayed = SessionReplayDetected { user_id: ada.user, generation: 1, network };
    world.feed(StreamName::session(ada.session), &ada, Fact::SessionReplayDetected(replayed)).await;
    assert_eq!(world.status(USERS, &ada).await, 401);
}

#[tokio::test]
async fn all_sessions_but_one_are_refused_and_a_later_one_is_not() {
    let mut world = World::new().await;
    let kept = world.somebody("Ada", &["admin"]).await;
    let lost = world.sign_in(kept.user, &["admin"]).await;
    let fact = SessionsRevoked { except: Some(kept.session), cause: RevocationCause::PasswordChanged };
    world.feed(of(&kept), &kept, Fact::SessionsRevoked(fact)).await;
    assert_eq!(world.status(USERS, &lost).await, 401);
    assert_eq!(world.status(USERS, &kept).await, 200);
    let later = world.sign_in(kept.user, &["admin"]).await;
    assert_eq!(world.status(USERS, &later).await, 200);
}

#[tokio::test]
async fn who_is_suspended_deleted_or_erased_is_refused_until_reinstated() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["admin"]).await;
    world.feed(of(&ada), &ada, suspended()).await;
    assert_eq!(world.status(USERS, &ada).await, 401);
    world.feed(of(&ada), &ada, Fact::UserReinstated).await;
    assert_eq!(world.status(USERS, &ada).await, 200);
    world.feed(of(&ada), &ada, Fact::UserDeleted).await;
    assert_eq!(world.status(USERS, &ada).await, 401);
    let bob = world.somebody("Bob", &["admin"]).await;
    world.feed(of(&bob), &bob, Fact::UserErased).await;
    assert_eq!(world.status(USERS, &bob).await, 401);
}

#[tokio::test]
async fn a_role_granted_or_revoked_works_at_once() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["user"]).await;
    assert_eq!(world.status(USERS, &ada).await, 403);
    world.feed(of(&ada), &ada, Fact::RoleGranted(RoleGranted { role: role("auditor") })).await;
    assert_eq!(world.status(USERS, &ada).await, 200);
    world.feed(of(&ada), &ada, Fact::RoleRevoked(RoleRevoked { role: role("auditor") })).await;
    assert_eq!(world.status(USERS, &ada).await, 403);
}

#[tokio::test]
async fn what_a_role_permits_changes_at_once() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["desk"]).await;
    let defined = |permissions: &[Permission]| {
        let permissions = permissions.iter().copied().collect();
        Fact::RoleDefined(RoleDefined { role: role("desk"), permissions })
    };
    let desk = StreamName::role(&role("desk"));
    assert_eq!([world.status(USERS, &ada).await, world.status(ROLES, &ada).await], [403, 403]);
    world.feed(desk.clone(), &ada, defined(&[Permission::UsersRead])).await;
    assert_eq!([world.status(USERS, &ada).await, world.status(ROLES, &ada).await], [200, 403]);
    world.feed(desk, &ada, defined(&[Permission::RolesRead])).await;
    assert_eq!([world.status(USERS, &ada).await, world.status(ROLES, &ada).await], [403, 200]);
}

/// After the restore of an older backup the tables show what the log no longer holds: here, another log's events.
#[tokio::test]
async fn where_the_log_lost_events_nobody_is_admitted() {
    let (mut world, mut before_restore) = (World::new().await, World::new().await);
    let ada = world.somebody("Ada", &["admin"]).await;
    for name in ["Ada", "Bob"] {
        before_restore.somebody(name, &["user"]).await;
    }
    let lost = before_restore.opened(Position(2)).await;
    world.read_models.apply(Position(2), world.log.id(), &lost).await.expect("a batch is applied");
    let app = world.another_app().await;
    world.clock.advance(Duration::from_secs(31));
    // It looks at the log's end as soon as it follows; the other one, which has been nowhere else, when it is due.
    world.follow(&app);
    let current = async {
        while !world.app.is_current() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), current).await.expect("the other one is current again");
    assert!(!app.is_current());
    assert_eq!(ask(&app, ada.request(USERS)).await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn who_knows_of_a_suspension_never_sees_it_not_in_force() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["admin"]).await;
    let position = world.append(of(&ada), Some(ada.user), suspended()).await;
    let minimum = world.position_token(position);
    let request = || ada.request(USERS).header(EVIDENT_MIN_POSITION, &minimum);
    assert_eq!(ask_until_shown(&world.app, request).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_process_that_starts_later_knows_what_was_taken_away_before() {
    let mut world = World::new().await;
    let ended_session = world.somebody("Ada", &["admin"]).await;
    world
        .tell(StreamName::session(ended_session.session), Some(ended_session.user), ended(&ended_session))
        .await;
    let blocked = world.somebody("Bob", &["admin"]).await;
    world.tell_of(blocked.user, suspended()).await;
    let demoted = world.somebody("Cyn", &["admin"]).await;
    world.tell_of(demoted.user, Fact::RoleRevoked(RoleRevoked { role: role("admin") })).await;
    let signed_out = world.somebody("Dan", &["admin"]).await;
    let fact = SessionsRevoked { except: None, cause: RevocationCause::RequestedByOther };
    world.tell_of(signed_out.user, Fact::SessionsRevoked(fact)).await;
    let untouched = world.somebody("Eve", &["admin"]).await;

    let later = world.another_app().await;
    for (somebody, status) in
        [(&ended_session, 401), (&blocked, 401), (&demoted, 403), (&signed_out, 401), (&untouched, 200)]
    {
        let answer = ask(&later, somebody.request(USERS)).await;
        assert_eq!(answer.status.as_u16(), status, "{somebody:?}");
    }
}

#[tokio::test]
async fn a_token_ends_with_its_time() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["admin"]).await;
    assert_eq!(world.status(USERS, &ada).await, 200);
    let later = world.another_app().await;
    world.clock.advance(Duration::from_secs(601));
    assert_eq!(ask(&later, ada.request(USERS)).await.code(), "invalid-token");
}

#[tokio::test]
async fn nobody_is_admitted_by_a_process_that_has_not_heard_from_the_log_for_long() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["admin"]).await;
    let deaf = world.another_app().await;
    assert_eq!(ask(&deaf, ada.request(USERS)).await.status, StatusCode::OK);
    world.clock.advance(Duration::from_secs(31));
    let answer = ask(&deaf, ada.request(USERS)).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "unavailable"));
}

/// What a newer version wrote may be a suspension, an end of sessions, a role's last definition.
#[tokio::test]
async fn what_cannot_be_read_is_taken_for_the_worst() {
    let mut world = World::new().await;
    let (ada, bob, cyn) = told_of_the_future(&mut world).await;
    assert_eq!(world.get(USERS, &ada).await.code(), "invalid-token");
    assert_eq!(world.get(USERS, &bob).await.code(), "invalid-token");
    assert_eq!(world.get(USERS, &cyn).await.code(), "forbidden");
    let later = world.sign_in(ada.user, &["admin"]).await;
    assert_eq!(world.status(USERS, &later).await, 200, "who signed her in has read it");
}

/// The projector has parked these streams, so that the tables know their beginnings only.
#[tokio::test]
async fn a_process_that_starts_later_takes_it_for_the_worst_too() {
    let mut world = World::new().await;
    let (ada, bob, cyn) = told_of_the_future(&mut world).await;
    let later = world.sign_in(ada.user, &["admin"]).await;
    world.project().await;
    let app = world.another_app().await;
    for (somebody, status) in [(&ada, 401), (&bob, 401), (&cyn, 403), (&later, 200)] {
        assert_eq!(ask(&app, somebody.request(USERS)).await.status.as_u16(), status, "{somebody:?}");
    }
}

/// A stream that was parked holds suspensions that this version reads well, behind what parked it.
#[tokio::test]
async fn what_is_behind_a_parked_event_is_in_force_from_the_start() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["admin"]).await;
    world.append_unreadable(of(&ada)).await;
    world.append(of(&ada), Some(ada.user), suspended()).await;
    world.project().await;
    let later = world.sign_in(ada.user, &["admin"]).await;
    let app = world.another_app().await;
    assert_eq!(ask(&app, later.request(USERS)).await.status, StatusCode::UNAUTHORIZED);
}

/// Something unreadable happens to Ada, to Bob's session and to the role that lets Cyn in; the feed has seen it.
async fn told_of_the_future(world: &mut World) -> (Somebody, Somebody, Somebody) {
    let (ada, bob) = (world.somebody("Ada", &["admin"]).await, world.somebody("Bob", &["admin"]).await);
    let desk = StreamName::role(&role("desk"));
    let defined = RoleDefined { role: role("desk"), permissions: [Permission::UsersRead].into() };
    world.tell(desk.clone(), None, Fact::RoleDefined(defined)).await;
    let cyn = world.somebody("Cyn", &["desk"]).await;
    for somebody in [&ada, &bob, &cyn] {
        assert_eq!(world.status(USERS, somebody).await, 200);
    }
    world.append_unreadable(of(&ada)).await;
    world.append_unreadable(StreamName::session(bob.session)).await;
    let last = world.append_unreadable(desk).await;
    world.app.followed(last).await;
    (ada, bob, cyn)
}
