//! What a person's stream says they are.

use crate::domain::{Contradiction, Happened, PasswordHash, Refusal};
use events::{
    Credential, Fact, PasswordChanged, Personal, Position, Profile, RoleName, SessionId, SessionsRevoked,
    Timestamp, UserRegistered, Version,
};
use std::collections::BTreeSet;

/// A person, folded from the whole of `user-{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum User {
    /// The stream is empty.
    #[default]
    Unknown,
    /// May sign in.
    Active(Person),
    /// May not sign in until reinstated.
    Suspended(Person),
    /// The account is closed. The keys live until it is erased.
    Deleted(Person),
    /// The keys are gone, and all that they sealed.
    Erased,
}

/// What later decisions need to know of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// How the person is known; `None` once the key is gone.
    pub profile: Option<Profile>,
    /// What the password is checked against; `None` when none was chosen yet, or the key is gone.
    pub password_hash: Option<PasswordHash>,
    /// The version at which the person last *chose* a password. Rehashing does not move it.
    pub password_version: Version,
    /// The version of the last fact that wrote a hash: a new password, or the same one hashed again.
    pub credential_version: Version,
    /// The roles, by name. Some may have been removed meanwhile; they permit nothing.
    pub roles: BTreeSet<RoleName>,
    /// The last time that sessions ended all at once.
    pub sessions_ended: Option<SessionsEnded>,
    /// When the stream began.
    pub created_at: Timestamp,
    /// When its last record was written.
    pub updated_at: Timestamp,
    /// The version of its last record: what `ETag` says.
    pub version: Version,
}

/// All sessions that had started before a moment ended then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionsEnded {
    /// The moment, as a place in the log, so that clocks play no part.
    pub position: Position,
    /// The same moment as a version of the person's stream.
    pub version: Version,
    /// The one session that went on.
    pub except: Option<SessionId>,
}

impl User {
    /// The person that these records tell of, in stream order from the first.
    pub fn fold<'a>(history: impl IntoIterator<Item = Happened<'a>>) -> Result<Self, Contradiction> {
        history.into_iter().try_fold(Self::Unknown, |user, happened| user.apply(&happened))
    }

    /// The person after one more record.
    pub fn apply(self, happened: &Happened<'_>) -> Result<Self, Contradiction> {
        let state = self.name();
        let known = match (self, happened.fact) {
            (User::Unknown, Fact::UserRegistered(fact)) => {
                return Ok(User::Active(Person::registered(fact, happened)));
            }
            (User::Unknown | User::Erased, _) => return Err(Contradiction::new(happened, state)),
            (_, Fact::UserErased) => return Ok(User::Erased),
            (known @ (User::Active(_) | User::Suspended(_) | User::Deleted(_)), _) => known,
        };
        known.apply_known(happened).ok_or_else(|| Contradiction::new(happened, state))
    }

    fn apply_known(self, happened: &Happened<'_>) -> Option<Self> {
        match (self, happened.fact) {
            (User::Active(person), Fact::UserSuspended(_)) => Some(User::Suspended(person.seen(happened))),
            (User::Suspended(person), Fact::UserReinstated) => Some(User::Active(person.seen(happened))),
            (User::Active(person) | User::Suspended(person), Fact::UserDeleted) => {
                Some(User::Deleted(person.seen(happened)))
            }
            (User::Active(person), _) => person.apply(happened).map(User::Active),
            (User::Suspended(person), _) => person.apply(happened).map(User::Suspended),
            (User::Deleted(person), _) => person.apply(happened).map(User::Deleted),
            (User::Unknown | User::Erased, _) => None,
        }
    }

    /// The person, whatever their state; `None` when there never was one or nothing is left.
    #[must_use]
    pub const fn person(&self) -> Option<&Person> {
        match self {
            User::Active(person) | User::Suspended(person) | User::Deleted(person) => Some(person),
            User::Unknown | User::Erased => None,
        }
    }

    /// May this session, which started at this position, still act for its person?
    #[must_use]
    pub fn session_stands(&self, session: SessionId, started: Position) -> bool {
        match self {
            User::Active(person) => person
                .sessions_ended
                .is_none_or(|ended| started > ended.position || ended.except == Some(session)),
            User::Unknown | User::Suspended(_) | User::Deleted(_) | User::Erased => false,
        }
    }

    /// Does a sign-in that was decided when the stream was at `decided_at` still stand, now that it is read again?
    ///
    /// It does unless the person was suspended or deleted, chose another password, or had all sessions ended since:
    /// whoever did that meant the sign-in that was under way too. A rehash of the same password changes nothing.
    #[must_use]
    pub fn still_admits(&self, decided_at: Version) -> bool {
        match self {
            User::Active(person) => {
                person.password_version <= decided_at
                    && person.sessions_ended.is_none_or(|ended| ended.version <= decided_at)
            }
            User::Unknown | User::Suspended(_) | User::Deleted(_) | User::Erased => false,
        }
    }

    /// Somebody whose account can still be changed, by themselves or by others.
    pub(in crate::domain) const fn changeable(&self) -> Result<&Person, Refusal> {
        match self {
            User::Active(person) | User::Suspended(person) => Ok(person),
            User::Deleted(_) => Err(Refusal::Deleted),
            User::Unknown | User::Erased => Err(Refusal::UnknownUser),
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            User::Unknown => "unknown",
            User::Active(_) => "active",
            User::Suspended(_) => "suspended",
            User::Deleted(_) => "deleted",
            User::Erased => "erased",
        }
    }
}

impl Person {
    fn registered(fact: &UserRegistered, happened: &Happened<'_>) -> Self {
        Self {
            profile: fact.profile.open().cloned(),
            password_hash: fact.credential.as_ref().and_then(hash_of),
            password_version: happened.version,
            credential_version: happened.version,
            roles: fact.roles.iter().cloned().collect(),
            sessions_ended: None,
            created_at: happened.at,
            updated_at: happened.at,
            version: happened.version,
        }
    }

    /// The person after a fact that leaves them active, suspended or deleted as they were; `None` when it cannot.
    fn apply(mut self, happened: &Happened<'_>) -> Option<Self> {
        match happened.fact {
            Fact::ProfileChanged(fact) => self.profile = fact.profile.open().cloned(),
            Fact::PasswordChanged(fact) => {
                self.password_version = happened.version;
                self.hashed(fact, happened);
            }
            Fact::PasswordRehashed(fact) => self.hashed(fact, happened),
            Fact::RoleGranted(fact) => _ = self.roles.insert(fact.role.clone()),
            Fact::RoleRevoked(fact) => _ = self.roles.remove(&fact.role),
            Fact::SessionsRevoked(SessionsRevoked { except, cause: _ }) => {
                let (position, version) = (happened.position, happened.version);
                self.sessions_ended = Some(SessionsEnded { position, version, except: *except });
            }
            Fact::UserRegistered(_)
            | Fact::UserSuspended(_)
            | Fact::UserReinstated
            | Fact::UserDeleted
            | Fact::UserErased
            | Fact::SignInFailed(_)
            | Fact::LockedOut(_)
            | Fact::LockoutLifted
            | Fact::SessionStarted(_)
            | Fact::SessionRefreshed(_)
            | Fact::SessionRevoked(_)
            | Fact::SessionReplayDetected(_)
            | Fact::RoleDefined(_)
            | Fact::RoleRemoved(_)
            | Fact::AuditExported(_) => return None,
        }
        Some(self.seen(happened))
    }

    fn hashed(&mut self, fact: &PasswordChanged, happened: &Happened<'_>) {
        self.password_hash = hash_of(&fact.credential);
        self.credential_version = happened.version;
    }

    fn seen(mut self, happened: &Happened<'_>) -> Self {
        self.version = happened.version;
        self.updated_at = happened.at;
        self
    }
}

fn hash_of(credential: &Personal<Credential>) -> Option<PasswordHash> {
    credential.open().map(|credential| PasswordHash::from_phc(credential.password_hash.clone()))
}

#[cfg(test)]
mod tests {
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
        let ada =
            person([registered("ada@x.io"), suspended("spam"), Fact::UserReinstated, Fact::UserDeleted]);
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
}
