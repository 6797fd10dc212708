//! What a person's stream says they are.

use super::second_factor::Factor;
use crate::domain::{Contradiction, Happened, PasswordHash, Refusal};
use events::{
    Credential, Fact, PasswordChanged, Personal, PictureId, Position, Profile, RoleName, SessionId,
    SessionsRevoked, Timestamp, UserRegistered, Version,
};
use std::collections::BTreeSet;

/// How many records somebody's stream may have before what people change about themselves again and again is refused.
/// Each command reads the whole of it, and the log gives out ten thousand at most: the rest is for what ends an account,
/// and for those who look after it.
const ROOM: Version = Version(2_000);

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
    /// The picture, when there is one.
    pub picture: Option<KeptPicture>,
    /// What the password is checked against; `None` when none was chosen yet, or the key is gone.
    pub password_hash: Option<PasswordHash>,
    /// The version at which the person last *chose* a password. Rehashing does not move it.
    pub password_version: Version,
    /// The version of the last fact that wrote a hash: a new password, or the same one hashed again.
    pub credential_version: Version,
    /// The version at which the address became the person's. A change of the name does not move it.
    pub address_version: Version,
    /// The same moment as a place in the log.
    pub address_position: Position,
    /// Whether the person has shown that the address is theirs.
    pub email_verified: bool,
    /// The address that the person asked to have instead.
    pub email_change: Option<EmailChange>,
    /// The version at which the person was last asked to choose a first password, until they do.
    pub invited: Option<Version>,
    /// What is asked for beside the password.
    pub factor: Factor,
    /// The roles, by name. Some may have been removed meanwhile; they permit nothing.
    pub roles: BTreeSet<RoleName>,
    /// The last time that sessions ended all at once.
    pub sessions_ended: Option<SessionsEnded>,
    /// Whether a legal hold stands: then the person is not erased.
    pub held: bool,
    /// When the stream began.
    pub created_at: Timestamp,
    /// When its last record was written.
    pub updated_at: Timestamp,
    /// The version of its last record: what `ETag` says.
    pub version: Version,
}

/// A change of the address that waits for the new one to be verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailChange {
    /// The version at which it was asked for.
    pub version: Version,
    /// The new address; `None` once the key is gone.
    pub email: Option<String>,
}

/// A picture that the vault keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPicture {
    /// Its name there.
    pub id: PictureId,
    /// Its hash; `None` once the key is gone.
    pub sha256: Option<String>,
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
            (User::Unknown, Fact::UserRegistered(fact) | Fact::UserImported(fact)) => {
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
    /// Whether there is room for a change that could be made without end.
    pub(super) fn must_have_room(&self) -> Result<(), Refusal> {
        match self.version < ROOM {
            true => Ok(()),
            false => Err(Refusal::HistoryFull),
        }
    }

    fn registered(fact: &UserRegistered, happened: &Happened<'_>) -> Self {
        Self {
            profile: fact.profile.open().cloned(),
            picture: None,
            password_hash: fact.credential.as_ref().and_then(hash_of),
            password_version: happened.version,
            credential_version: happened.version,
            address_version: happened.version,
            address_position: happened.position,
            // An operator who makes an account answers for its address.
            email_verified: fact.network.is_none(),
            email_change: None,
            invited: None,
            factor: Factor::default(),
            roles: fact.roles.iter().cloned().collect(),
            sessions_ended: None,
            held: false,
            created_at: happened.at,
            updated_at: happened.at,
            version: happened.version,
        }
    }

    /// The person after a fact that leaves them active, suspended or deleted as they were; `None` when it cannot.
    fn apply(mut self, happened: &Happened<'_>) -> Option<Self> {
        match happened.fact {
            Fact::ProfileChanged(fact) => self.profile = fact.profile.open().cloned(),
            Fact::PictureChanged(fact) => {
                let sha256 = fact.picture.open().map(|picture| picture.sha256.clone());
                self.picture = Some(KeptPicture { id: fact.picture_id, sha256 });
            }
            Fact::PictureRemoved => self.picture = None,
            Fact::PasswordChanged(fact) => {
                self.password_version = happened.version;
                // Whoever asked for these may not be who knows the new password.
                (self.email_change, self.invited) = (None, None);
                self.hashed(fact, happened);
            }
            Fact::EmailVerified => self.email_verified = true,
            Fact::EmailChangeRequested(fact) => {
                let email = fact.address.open().map(|address| address.email.clone());
                self.email_change = Some(EmailChange { version: happened.version, email });
            }
            Fact::EmailChanged(fact) => {
                self.profile = fact.profile.open().cloned();
                (self.address_version, self.address_position) = (happened.version, happened.position);
                (self.email_verified, self.email_change) = (true, None);
            }
            Fact::UserInvited => self.invited = Some(happened.version),
            Fact::PasswordRehashed(fact) => self.hashed(fact, happened),
            Fact::RoleGranted(fact) => _ = self.roles.insert(fact.role.clone()),
            Fact::RoleRevoked(fact) => _ = self.roles.remove(&fact.role),
            Fact::SessionsRevoked(SessionsRevoked { except, cause: _ }) => {
                let (position, version) = (happened.position, happened.version);
                self.sessions_ended = Some(SessionsEnded { position, version, except: *except });
            }
            Fact::UserHoldPlaced(_) | Fact::UserHoldLifted => {
                self.held = matches!(happened.fact, Fact::UserHoldPlaced(_));
                // Neither is a change that the person may see, nor does it move the day of their erasure.
                self.version = happened.version;
                return Some(self);
            }
            Fact::TotpEnrolled(_)
            | Fact::TotpConfirmed(_)
            | Fact::RecoveryCodesIssued(_)
            | Fact::SecondFactorRemoved => self.factor.apply(happened)?,
            Fact::UserRegistered(_)
            | Fact::UserImported(_)
            | Fact::UserSuspended(_)
            | Fact::UserReinstated
            | Fact::UserDeleted
            | Fact::UserErased
            | Fact::SignInFailed(_)
            | Fact::LockedOut(_)
            | Fact::LockoutLifted
            | Fact::PasswordResetRequested(_)
            | Fact::VerificationRequested(_)
            | Fact::AddressTaken(_)
            | Fact::SessionStarted(_)
            | Fact::SessionRefreshed(_)
            | Fact::SessionReauthenticated(_)
            | Fact::SecondFactorUsed(_)
            | Fact::SessionRevoked(_)
            | Fact::SessionReplayDetected(_)
            | Fact::RoleDefined(_)
            | Fact::RoleRemoved(_)
            | Fact::HoldPlaced(_)
            | Fact::HoldLifted(_)
            | Fact::NetworkEnded(_)
            | Fact::AuditExported(_)
            | Fact::ServiceAccountCreated(_)
            | Fact::ServiceAccountRemoved
            | Fact::KeyIssued(_)
            | Fact::KeyRevoked(_)
            | Fact::KeyUsed(_) => return None,
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
mod tests;
