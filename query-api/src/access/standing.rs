//! What was taken away or given while some access token may still say otherwise. Pure: the feed tells it what
//! happened, the requests ask it.

use events::{Category, Fact, Permission, Position, RoleName, SessionId, StreamName, Timestamp, UserId};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

/// Everything here, by whom it is about.
///
/// An access token is good for minutes, and it says who somebody is, which session they use and which roles they
/// had when it was signed. What changed since is here, and stays until every token signed before the change is
/// over; so this is bounded by the changes of that time, not by the number of people.
#[derive(Debug)]
pub(crate) struct Standing {
    /// How long a change is remembered: longer than any access token lives.
    keep: Duration,
    ended: HashMap<SessionId, Timestamp>,
    people: HashMap<UserId, Person>,
    roles: HashMap<RoleName, (Position, BTreeSet<Permission>)>,
    next_sweep: Timestamp,
}

/// What changed about one person.
#[derive(Debug, Default)]
struct Person {
    /// The moment this was last added to.
    changed_at: Timestamp,
    /// Suspended, deleted or erased.
    blocked: bool,
    /// All sessions that started before a position ended, but for one.
    revoked: Option<Revoked>,
    /// What is known about their roles.
    roles: Roles,
}

/// What is known about somebody's roles. What a token says counts only where nothing is known here: if the token is
/// the newer of the two, they agree.
#[derive(Debug)]
enum Roles {
    /// These were granted (`true`) or revoked; about others the token is right.
    Changed(BTreeMap<RoleName, bool>),
    /// These are all.
    All(BTreeSet<RoleName>),
}

impl Default for Roles {
    fn default() -> Self {
        Self::Changed(BTreeMap::new())
    }
}

/// "Nothing that started before this, but for one."
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Revoked {
    /// Sessions whose `session.started` stands before this ended.
    pub(crate) before: Position,
    /// The one that goes on.
    pub(crate) except: Option<SessionId>,
}

impl Standing {
    /// Nothing has changed yet. Changes are remembered for `keep`.
    pub(crate) fn new(keep: Duration) -> Self {
        Self {
            keep,
            ended: HashMap::new(),
            people: HashMap::new(),
            roles: HashMap::new(),
            next_sweep: Timestamp::default(),
        }
    }

    /// Whether a session that started at this position may still act for this person.
    pub(crate) fn admits(&self, user: UserId, session: SessionId, started: Position) -> bool {
        if self.ended.contains_key(&session) {
            return false;
        }
        self.people.get(&user).is_none_or(|person| {
            !person.blocked && person.revoked.is_none_or(|revoked| !revoked.ends(session, started))
        })
    }

    /// The roles that somebody has, given those that their token says.
    pub(crate) fn roles(&self, user: UserId, said: &[RoleName]) -> BTreeSet<RoleName> {
        match self.people.get(&user).map(|person| &person.roles) {
            None => said.iter().cloned().collect(),
            Some(Roles::All(roles)) => roles.clone(),
            Some(Roles::Changed(changes)) => {
                let stands = |role: &&RoleName| !changes.contains_key(*role);
                let granted = changes.iter().filter(|(_, granted)| **granted).map(|(role, _)| role);
                said.iter().filter(stands).chain(granted).cloned().collect()
            }
        }
    }

    /// All that these roles permit. Built-in roles permit what they always did; a role nobody defined, nothing.
    pub(crate) fn permissions(&self, roles: &BTreeSet<RoleName>) -> BTreeSet<Permission> {
        let permitted = |role: &RoleName| match role.built_in() {
            Some(built_in) => built_in.permissions(),
            None => self.roles.get(role).map(|(_, permissions)| permissions.clone()).unwrap_or_default(),
        };
        roles.iter().flat_map(permitted).collect()
    }

    /// Takes in what happened. Told again or told late, it changes nothing.
    pub(crate) fn apply(&mut self, position: Position, stream: &StreamName, fact: &Fact, now: Timestamp) {
        match (stream.category(), fact) {
            (Category::User(user), fact) => self.apply_to_person(position, user, fact, now),
            (Category::Session(session), Fact::SessionRevoked(_) | Fact::SessionReplayDetected(_)) => {
                self.end_session(session, now);
            }
            (Category::Role(role), Fact::RoleDefined(defined)) => {
                self.define_role(position, role, defined.permissions.clone());
            }
            (Category::Role(role), Fact::RoleRemoved(_)) => {
                self.define_role(position, role, BTreeSet::new());
            }
            (
                Category::SignIn(_)
                | Category::Session(_)
                | Category::Role(_)
                | Category::Export
                | Category::Unknown,
                _,
            ) => {}
        }
        self.sweep(now);
    }

    fn apply_to_person(&mut self, position: Position, user: UserId, fact: &Fact, now: Timestamp) {
        match fact {
            Fact::UserSuspended(_) | Fact::UserDeleted | Fact::UserErased => self.block(user, now),
            Fact::UserReinstated => self.person(user, now).blocked = false,
            Fact::SessionsRevoked(fact) => {
                self.revoke_sessions(user, Revoked { before: position, except: fact.except }, now);
            }
            Fact::RoleGranted(fact) => self.change_role(user, fact.role.clone(), true, now),
            Fact::RoleRevoked(fact) => self.change_role(user, fact.role.clone(), false, now),
            Fact::UserRegistered(_)
            | Fact::ProfileChanged(_)
            | Fact::PasswordChanged(_)
            | Fact::PasswordRehashed(_)
            | Fact::SignInFailed(_)
            | Fact::LockedOut(_)
            | Fact::LockoutLifted
            | Fact::SessionStarted(_)
            | Fact::SessionRefreshed(_)
            | Fact::SessionRevoked(_)
            | Fact::SessionReplayDetected(_)
            | Fact::RoleDefined(_)
            | Fact::RoleRemoved(_)
            | Fact::AuditExported(_) => {}
        }
    }

    /// A session ended.
    pub(crate) fn end_session(&mut self, session: SessionId, now: Timestamp) {
        self.ended.insert(session, now);
    }

    /// A person may not act at all.
    pub(crate) fn block(&mut self, user: UserId, now: Timestamp) {
        self.person(user, now).blocked = true;
    }

    /// A person's sessions ended. The later of two revocations wins.
    pub(crate) fn revoke_sessions(&mut self, user: UserId, revoked: Revoked, now: Timestamp) {
        let person = self.person(user, now);
        if person.revoked.is_none_or(|known| known.before <= revoked.before) {
            person.revoked = Some(revoked);
        }
    }

    /// A person was given a role, or has it no longer.
    fn change_role(&mut self, user: UserId, role: RoleName, granted: bool, now: Timestamp) {
        match (&mut self.person(user, now).roles, granted) {
            (Roles::Changed(changes), granted) => {
                changes.insert(role, granted);
            }
            (Roles::All(roles), true) => {
                roles.insert(role);
            }
            (Roles::All(roles), false) => {
                roles.remove(&role);
            }
        }
    }

    /// All the roles that a person has.
    pub(crate) fn set_roles(&mut self, user: UserId, roles: BTreeSet<RoleName>, now: Timestamp) {
        self.person(user, now).roles = Roles::All(roles);
    }

    /// A role permits this as of a position. What is older than what is known changes nothing.
    pub(crate) fn define_role(
        &mut self,
        position: Position,
        role: RoleName,
        permissions: BTreeSet<Permission>,
    ) {
        match self.roles.get(&role) {
            Some((known, _)) if *known > position => {}
            Some(_) | None => {
                self.roles.insert(role, (position, permissions));
            }
        }
    }

    fn person(&mut self, user: UserId, now: Timestamp) -> &mut Person {
        let person = self.people.entry(user).or_default();
        person.changed_at = now;
        person
    }

    /// Forgets what no living token can contradict any more; looks at most once a minute.
    fn sweep(&mut self, now: Timestamp) {
        if now < self.next_sweep {
            return;
        }
        let oldest = now.before(self.keep);
        self.ended.retain(|_, ended_at| *ended_at >= oldest);
        self.people.retain(|_, person| person.changed_at >= oldest);
        self.next_sweep = now.after(Duration::from_secs(60));
    }

    /// How many changes are remembered, for the metric.
    pub(crate) fn len(&self) -> usize {
        self.ended.len() + self.people.len()
    }
}

impl Revoked {
    fn ends(self, session: SessionId, started: Position) -> bool {
        started < self.before && self.except != Some(session)
    }
}

#[cfg(test)]
mod tests {
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
}
