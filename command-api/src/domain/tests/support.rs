//! Given what happened, when somebody asks, then this happens: the words that the rules' tests are written in.

use crate::domain::{DisplayName, EmailAddress, Granter, Happened, OwnSession, PasswordHash, Refusal, User};
use events::{
    Credential, Fact, Network, PasswordChanged, Permission, Personal, Position, Profile, ProfileChanged,
    Reason, RevocationCause, RoleGranted, RoleName, RoleRevoked, SessionId, SessionsRevoked, Timestamp,
    UserId, UserRegistered, UserSuspended, Version,
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The id of whom most tests are about.
pub(in crate::domain) const ADA: UserId = UserId(Uuid::from_u128(0xada));

/// Somebody else.
pub(in crate::domain) const BOB: UserId = UserId(Uuid::from_u128(0xb0b));

/// A person with this history.
pub(in crate::domain) fn given(history: impl IntoIterator<Item = Fact>) -> Given {
    Given { user: history.into_iter().fold(Told::default(), Told::then).user }
}

/// A stream as it is told, record by record.
#[derive(Default)]
pub(in crate::domain) struct Told {
    pub(in crate::domain) user: User,
    pub(in crate::domain) version: Version,
}

impl Told {
    pub(in crate::domain) fn then(self, fact: Fact) -> Self {
        let version = self.version.next();
        let (position, at) = (position_of(version), minute(version.0));
        let happened = Happened { position, version, at, fact: &fact };
        Self { user: self.user.apply(&happened).expect("a history that can be true"), version }
    }
}

pub(in crate::domain) struct Given {
    pub(in crate::domain) user: User,
}

impl Given {
    pub(in crate::domain) fn when(
        self,
        command: impl FnOnce(&User) -> Result<Vec<Fact>, Refusal>,
    ) -> Outcome {
        Outcome(command(&self.user))
    }
}

pub(in crate::domain) struct Outcome(Result<Vec<Fact>, Refusal>);

impl Outcome {
    #[track_caller]
    pub(in crate::domain) fn then(self, facts: impl Into<Vec<Fact>>) {
        assert_eq!(self.0, Ok(facts.into()));
    }

    #[track_caller]
    pub(in crate::domain) fn refused(self, refusal: Refusal) {
        assert_eq!(self.0, Err(refusal));
    }
}

/// Other streams lie in between, so positions are not versions.
pub(in crate::domain) fn position_of(version: Version) -> Position {
    Position(version.0 * 10)
}

pub(in crate::domain) const fn minute(number: u64) -> Timestamp {
    Timestamp::from_micros(1_795_468_800_000_000 + number.cast_signed() * 60_000_000)
}

pub(in crate::domain) fn session(number: u128) -> SessionId {
    SessionId(Uuid::from_u128(number))
}

/// The session that the person acts from: it started after all that the given history tells, unless said otherwise.
pub(in crate::domain) fn own_session() -> OwnSession {
    OwnSession { id: session(1), started_position: Position(u64::MAX), has_second_factor: true }
}

pub(in crate::domain) fn role(name: &str) -> RoleName {
    name.parse().expect("a role name")
}

pub(in crate::domain) fn network() -> Network {
    Network { ip: Some("192.0.2.7".to_owned()), user_agent: None }
}

pub(in crate::domain) fn email(text: &str) -> EmailAddress {
    EmailAddress::normalised(text.to_owned()).expect("an address")
}

pub(in crate::domain) fn name(text: &str) -> DisplayName {
    DisplayName::new(text.to_owned()).expect("a name")
}

pub(in crate::domain) fn hash(text: &str) -> PasswordHash {
    PasswordHash::from_phc(text.to_owned())
}

/// Somebody else, who may do this.
pub(in crate::domain) const fn somebody_with(permissions: &BTreeSet<Permission>) -> Granter<'_> {
    Granter { permissions, is_subject: false }
}

pub(in crate::domain) fn registered(email: &str) -> Fact {
    registered_with(email, Some("first"))
}

pub(in crate::domain) fn registered_with(email: &str, password_hash: Option<&str>) -> Fact {
    Fact::UserRegistered(UserRegistered {
        profile: Personal::Open(Profile { email: email.to_owned(), display_name: None }),
        credential: password_hash.map(credential),
        roles: vec![role("user")],
        network: Some(Personal::Open(network())),
    })
}

pub(in crate::domain) fn renamed(email: &str, display_name: Option<&str>) -> Fact {
    let profile = Profile { email: email.to_owned(), display_name: display_name.map(str::to_owned) };
    Fact::ProfileChanged(ProfileChanged { profile: Personal::Open(profile) })
}

pub(in crate::domain) fn password_changed(hash: &str) -> Fact {
    Fact::PasswordChanged(PasswordChanged { credential: credential(hash) })
}

pub(in crate::domain) fn rehashed(hash: &str) -> Fact {
    Fact::PasswordRehashed(PasswordChanged { credential: credential(hash) })
}

pub(in crate::domain) fn granted(name: &str) -> Fact {
    Fact::RoleGranted(RoleGranted { role: role(name) })
}

pub(in crate::domain) fn revoked(name: &str) -> Fact {
    Fact::RoleRevoked(RoleRevoked { role: role(name) })
}

pub(in crate::domain) fn suspended(reason: &str) -> Fact {
    Fact::UserSuspended(UserSuspended { reason: Personal::Open(Reason { text: reason.to_owned() }) })
}

pub(in crate::domain) fn sessions_revoked(except: Option<SessionId>, cause: RevocationCause) -> Fact {
    Fact::SessionsRevoked(SessionsRevoked { except, cause })
}

fn credential(hash: &str) -> Personal<Credential> {
    Personal::Open(Credential { password_hash: hash.to_owned() })
}
