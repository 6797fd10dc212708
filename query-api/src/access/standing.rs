//! What was taken away or given while some access token may still say otherwise. Pure: the feed tells it what
//! happened, the requests ask it.

use events::{
    Category, Fact, Permission, Position, RoleName, SessionId, StreamName, Timestamp, UserId, permissions_of,
};
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

/// Whom a record that cannot be read denies what they had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// A person, in all sessions that had started.
    Person,
    /// One session.
    Session,
    /// Whoever has the role, what it permitted.
    Role,
    /// A service account, by all of its keys.
    Service,
    /// Nobody.
    Nobody,
}

impl Denied {
    /// For the log and the metric.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Denied::Person => "person",
            Denied::Session => "session",
            Denied::Role => "role",
            Denied::Service => "service",
            Denied::Nobody => "nobody",
        }
    }
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

    /// All that these roles permit.
    pub(crate) fn permissions(&self, roles: &BTreeSet<RoleName>) -> BTreeSet<Permission> {
        permissions_of(roles, |role| self.roles.get(role).map(|(_, permissions)| permissions.clone()))
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
                | Category::Mail(_)
                | Category::Factor(_)
                | Category::Session(_)
                | Category::Role(_)
                | Category::Service(_)
                | Category::KeyUse(_)
                | Category::Export
                | Category::Retention
                | Category::Unknown,
                _,
            ) => {}
        }
        self.sweep(now);
    }

    /// Takes in that something happened which a newer version wrote and this one cannot read: it may have taken anything
    /// away from whom its stream is about. So what that was counts as taken away.
    ///
    /// A person's sessions that had started before are over, and nothing that was known of their roles holds: whoever
    /// signs them in from now on has read the record, so their newer tokens are right. A session is over; a role permits
    /// nothing until it is defined in words that can be read. Other streams, and those of kinds that are new, deny
    /// nobody: a version that has such streams take something away MUST say it on the person's own stream too.
    pub(crate) fn deny(&mut self, position: Position, stream: &StreamName, now: Timestamp) -> Denied {
        let denied = match stream.category() {
            Category::User(user) => {
                self.revoke_sessions(user, Revoked { before: position, except: None }, now);
                self.person(user, now).roles = Roles::default();
                Denied::Person
            }
            Category::Session(session) => {
                self.end_session(session, now);
                Denied::Session
            }
            Category::Role(role) => {
                self.define_role(position, role, BTreeSet::new());
                Denied::Role
            }
            // Its keys do not hold here as long as it cannot be read: see `crate::services`.
            Category::Service(_) => Denied::Service,
            Category::SignIn(_)
            | Category::Mail(_)
            | Category::Factor(_)
            | Category::KeyUse(_)
            | Category::Export
            | Category::Retention
            | Category::Unknown => Denied::Nobody,
        };
        self.sweep(now);
        denied
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
            | Fact::UserImported(_)
            | Fact::ProfileChanged(_)
            | Fact::PictureChanged(_)
            | Fact::PictureRemoved
            | Fact::PasswordChanged(_)
            | Fact::PasswordRehashed(_)
            | Fact::TotpEnrolled(_)
            | Fact::TotpConfirmed(_)
            | Fact::RecoveryCodesIssued(_)
            | Fact::SecondFactorRemoved
            | Fact::SecondFactorUsed(_)
            | Fact::SessionReauthenticated(_)
            | Fact::SignInFailed(_)
            | Fact::LockedOut(_)
            | Fact::LockoutLifted
            | Fact::EmailVerified
            | Fact::EmailChangeRequested(_)
            | Fact::EmailChanged(_)
            | Fact::UserInvited
            | Fact::PasswordResetRequested(_)
            | Fact::VerificationRequested(_)
            | Fact::AddressTaken(_)
            | Fact::SessionStarted(_)
            | Fact::SessionRefreshed(_)
            | Fact::SessionRevoked(_)
            | Fact::SessionReplayDetected(_)
            | Fact::RoleDefined(_)
            | Fact::RoleRemoved(_)
            | Fact::UserHoldPlaced(_)
            | Fact::UserHoldLifted
            | Fact::HoldPlaced(_)
            | Fact::HoldLifted(_)
            | Fact::NetworkEnded(_)
            | Fact::AuditExported(_)
            | Fact::ServiceAccountCreated(_)
            | Fact::ServiceAccountRemoved
            | Fact::KeyIssued(_)
            | Fact::KeyRevoked(_)
            | Fact::KeyUsed(_) => {}
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
mod tests;
