//! People: who they are, and whether they may sign in.

mod list;
mod table;

pub use list::{UserFilter, UserKey, UserSort};
pub(crate) use table::{Columns, Users};

use crate::{Happened, Projected, RevokedSessions, Unfoldable, happened::opened};
use events::{Category, Fact, Personal, Profile, RoleName, Timestamp, UserId, UserRegistered, Version};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// The person.
    pub user_id: UserId,
    /// The address; none once erased.
    pub email: Option<String>,
    /// The name to show, when the person gave one; none once erased.
    pub display_name: Option<String>,
    /// Whether the person has shown that the address is theirs.
    pub email_verified: bool,
    /// Whether signing in asks for more than the password.
    pub second_factor: bool,
    /// The hash of their picture, while its key lives.
    pub picture: Option<String>,
    /// Whether the person may sign in.
    pub status: UserStatus,
    /// All roles.
    pub roles: BTreeSet<RoleName>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When anything on the person's stream last happened.
    pub updated_at: Timestamp,
    /// When the person last signed in. Questions fill it in from the sessions; a fold of the person's own stream
    /// leaves it empty.
    pub last_login_at: Option<Timestamp>,
    /// The version of the person's stream.
    pub version: Version,
    /// When what the person may do last changed, if it ever did since the account was made.
    pub access_changed_at: Option<Timestamp>,
    /// Which of the person's sessions last ended together.
    pub revoked: Option<RevokedSessions>,
}

/// Whether a person may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// They may.
    Active,
    /// Not until reinstated.
    Suspended,
    /// Not any more; what is known about them still is.
    Deleted,
    /// Their keys were destroyed.
    Erased,
}

impl UserStatus {
    /// As it stands in bodies and queries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            UserStatus::Active => "active",
            UserStatus::Suspended => "suspended",
            UserStatus::Deleted => "deleted",
            UserStatus::Erased => "erased",
        }
    }

    /// The status that is written like this, if there is one.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Active, Self::Suspended, Self::Deleted, Self::Erased].into_iter().find(|s| s.as_str() == text)
    }
}

impl UserRow {
    /// Takes in one more fact of the person's stream. What does not fit leaves the row as it was.
    pub fn apply(row: &mut Option<Self>, id: UserId, happened: &Happened<'_>) -> Result<(), Unfoldable> {
        happened.follows(row.as_ref().map_or(Version::NONE, |row| row.version))?;
        match (row, happened.fact) {
            (row @ None, Fact::UserRegistered(fact) | Fact::UserImported(fact)) => {
                *row = Some(Self::registered(id, fact, happened));
                Ok(())
            }
            (Some(row), _) => row.change(happened),
            (None, _) => Err(happened.out_of_place()),
        }
    }

    /// The person after these facts of their stream, for reads as of an earlier moment. Records of other streams are
    /// passed over. Stops, as the tables do, at the first fact that cannot be read or folded.
    pub fn fold<'a>(id: UserId, stream: impl IntoIterator<Item = &'a Projected>) -> Option<Self> {
        let mut row = None;
        for projected in stream {
            if projected.record.stream.category() != Category::User(id) {
                continue;
            }
            let applied = projected.happened().map(|happened| Self::apply(&mut row, id, &happened));
            if !matches!(applied, Some(Ok(()))) {
                break;
            }
        }
        row
    }

    fn registered(id: UserId, fact: &UserRegistered, happened: &Happened<'_>) -> Self {
        let mut row = Self {
            user_id: id,
            email: None,
            display_name: None,
            // An operator who makes an account answers for its address.
            email_verified: fact.network.is_none(),
            second_factor: false,
            picture: None,
            status: UserStatus::Active,
            roles: fact.roles.iter().cloned().collect(),
            created_at: happened.at,
            updated_at: happened.at,
            last_login_at: None,
            version: happened.version,
            access_changed_at: None,
            revoked: None,
        };
        row.show(&fact.profile);
        row
    }

    fn change(&mut self, happened: &Happened<'_>) -> Result<(), Unfoldable> {
        match happened.fact {
            Fact::ProfileChanged(fact) => self.show(&fact.profile),
            Fact::EmailChanged(fact) => {
                self.show(&fact.profile);
                self.email_verified = true;
            }
            Fact::EmailVerified => self.email_verified = true,
            Fact::PictureChanged(fact) if self.status != UserStatus::Erased => {
                self.picture = opened(&fact.picture, |picture| Some(picture.sha256.as_str()));
            }
            Fact::PictureRemoved => self.picture = None,
            Fact::PictureChanged(_)
            | Fact::PasswordChanged(_)
            | Fact::PasswordRehashed(_)
            | Fact::EmailChangeRequested(_)
            | Fact::UserInvited
            | Fact::TotpEnrolled(_)
            | Fact::RecoveryCodesIssued(_) => {}
            Fact::TotpConfirmed(_) => self.second_factor = true,
            Fact::SecondFactorRemoved => self.second_factor = false,
            Fact::RoleGranted(fact) => {
                self.roles.insert(fact.role.clone());
                self.access_changed_at = Some(happened.at);
            }
            Fact::RoleRevoked(fact) => {
                self.roles.remove(&fact.role);
                self.access_changed_at = Some(happened.at);
            }
            Fact::UserSuspended(_) => self.turn(UserStatus::Suspended, happened),
            Fact::UserReinstated => self.turn(UserStatus::Active, happened),
            Fact::UserDeleted => self.turn(UserStatus::Deleted, happened),
            Fact::UserErased => self.turn(UserStatus::Erased, happened),
            Fact::SessionsRevoked(fact) => {
                self.revoked = Some(RevokedSessions { before: happened.position, except: fact.except });
                self.access_changed_at = Some(happened.at);
            }
            // The person must not see it: nothing shows but that there is one more record.
            Fact::UserHoldPlaced(_) | Fact::UserHoldLifted => {
                self.version = happened.version;
                return Ok(());
            }
            Fact::UserRegistered(_)
            | Fact::UserImported(_)
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
            | Fact::KeyUsed(_) => return Err(happened.out_of_place()),
        }
        self.version = happened.version;
        self.updated_at = happened.at;
        Ok(())
    }

    /// Shows a profile, unless the person is erased: then nothing is shown, even if the key is not destroyed yet, so
    /// that the row is the same whenever it is folded.
    fn show(&mut self, profile: &Personal<Profile>) {
        if self.status != UserStatus::Erased {
            self.email = opened(profile, |profile| Some(&profile.email));
            self.display_name = opened(profile, |profile| profile.display_name.as_deref());
        }
    }

    /// There is no way back from being erased.
    fn turn(&mut self, status: UserStatus, happened: &Happened<'_>) {
        if self.status != UserStatus::Erased {
            self.status = status;
        }
        if self.status == UserStatus::Erased {
            self.email = None;
            self.display_name = None;
            self.second_factor = false;
            self.picture = None;
        }
        self.access_changed_at = Some(happened.at);
    }
}
