//! The facts: everything that can have happened. `docs/EVENTS.md` is their catalogue for readers.
//!
//! Facts are for ever. Add a variant or a `v2`; never edit one that has been written. Each type and version has one
//! golden sample under `samples/`.
//!
//! It is over 400 lines because everything that can have happened is one closed list, and each list of it names all.

mod audit;
mod retention;
mod role;
mod sealing;
mod second_factor;
mod service_account;
mod session;
mod sign_in;
mod user;

pub use audit::{AuditExported, ExportFormat};
pub use retention::{HoldLifted, HoldPlaced, NetworkEnded};
pub use role::{RoleDefined, RoleRemoved};
pub use second_factor::{
    RecoveryCodes, RecoveryCodesIssued, SecondFactor, SecondFactorUsed, TotpConfirmed, TotpEnrolled,
    TotpSecret, UsedRecoveryCodes, UsedTotp,
};
pub use service_account::{KeyIssued, KeyRevoked, KeyUsed, ServiceAccountCreated};
pub use session::{EndCause, SessionRefreshed, SessionReplayDetected, SessionRevoked, SessionStarted};
pub use sign_in::{FailureCause, LockedOut, LockoutScope, SignInFailed};
pub use user::{
    Address, AddressTaken, Credential, EmailChangeRequested, EmailChanged, Network, PasswordChanged,
    PasswordResetRequested, Picture, PictureChanged, PictureType, Profile, ProfileChanged, Reason,
    RevocationCause, RoleGranted, RoleRevoked, SessionsRevoked, UserHoldPlaced, UserRegistered,
    UserSuspended, VerificationRequested,
};

use crate::UserId;
use serde_json::{Map, Value};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Somebody came to be: by registering, or created by somebody else.
    UserRegistered(UserRegistered),
    /// Somebody came to be who was known to another system before.
    UserImported(UserRegistered),
    /// A person's profile is now this.
    ProfileChanged(ProfileChanged),
    /// A person's picture is now this.
    PictureChanged(PictureChanged),
    /// A person has no picture any more.
    PictureRemoved,
    /// A person chose another password.
    PasswordChanged(PasswordChanged),
    /// The same password, hashed with the parameters of today.
    PasswordRehashed(PasswordChanged),
    /// A person has a role.
    RoleGranted(RoleGranted),
    /// A person no longer has a role.
    RoleRevoked(RoleRevoked),
    /// A person may not sign in until reinstated.
    UserSuspended(UserSuspended),
    /// A suspended person may sign in again.
    UserReinstated,
    /// All sessions of a person that started before this ended, but for one that may be excepted.
    SessionsRevoked(SessionsRevoked),
    /// An account was closed. Its keys live until it is erased.
    UserDeleted,
    /// A person's keys were destroyed.
    UserErased,
    /// A person was given a secret for codes by the time. It is not asked for yet.
    TotpEnrolled(TotpEnrolled),
    /// A code of that secret came back: from now on signing in asks for one.
    TotpConfirmed(TotpConfirmed),
    /// A person was given recovery codes. Earlier ones are good no longer.
    RecoveryCodesIssued(RecoveryCodesIssued),
    /// Signing in asks for the password alone from now on.
    SecondFactorRemoved,
    /// A code of a person's second factor was used up.
    SecondFactorUsed(SecondFactorUsed),
    /// A person has shown that their address is theirs.
    EmailVerified,
    /// A person wants to be known by another address, once they have verified it.
    EmailChangeRequested(EmailChangeRequested),
    /// A person has another address, and has shown that it is theirs.
    EmailChanged(EmailChanged),
    /// Somebody for whom an account was made is asked to choose a password.
    UserInvited,
    /// Somebody who gave a person's address asked to choose another password.
    PasswordResetRequested(PasswordResetRequested),
    /// Somebody asked once more for the mail that verifies a person's address.
    VerificationRequested(VerificationRequested),
    /// Somebody tried to register with a person's address.
    AddressTaken(AddressTaken),
    /// Somebody tried to sign in to an account and failed.
    SignInFailed(SignInFailed),
    /// An account refuses sign-ins for a while.
    LockedOut(LockedOut),
    /// An account accepts sign-ins again, before its time.
    LockoutLifted,
    /// Somebody signed in.
    SessionStarted(SessionStarted),
    /// A session's refresh token was exchanged for its successor.
    SessionRefreshed(SessionRefreshed),
    /// The person proved once more who they are; the session goes on with other tokens.
    SessionReauthenticated(SessionRefreshed),
    /// A session ended.
    SessionRevoked(SessionRevoked),
    /// A refresh token came back after its time: stolen or copied. The session ended.
    SessionReplayDetected(SessionReplayDetected),
    /// A role permits these things from now on.
    RoleDefined(RoleDefined),
    /// A role permits nothing any more.
    RoleRemoved(RoleRemoved),
    /// A person must not be erased until this is lifted.
    UserHoldPlaced(UserHoldPlaced),
    /// A person may be erased again.
    UserHoldLifted,
    /// Network facts of a period must not be forgotten until this is lifted.
    HoldPlaced(HoldPlaced),
    /// Network facts of a period may be forgotten again.
    HoldLifted(HoldLifted),
    /// A month's key was destroyed, and with it all network facts of that month.
    NetworkEnded(NetworkEnded),
    /// Somebody took the history, or a part of it, away as a file.
    AuditExported(AuditExported),
    /// A program was given an account to act by itself.
    ServiceAccountCreated(ServiceAccountCreated),
    /// A service account is over, and all of its keys with it.
    ServiceAccountRemoved,
    /// A service account was given a key.
    KeyIssued(KeyIssued),
    /// A key no longer holds, before its time.
    KeyRevoked(KeyRevoked),
    /// A key was used for the first time on a day.
    KeyUsed(KeyUsed),
}

impl Fact {
    /// The wire names of every fact, in the order of the catalogue.
    pub const TYPES: [&str; 47] = [
        "user.registered.v1",
        "user.imported.v1",
        "user.profile_changed.v1",
        "user.picture_changed.v1",
        "user.picture_removed.v1",
        "user.password_changed.v1",
        "user.password_rehashed.v1",
        "user.role_granted.v1",
        "user.role_revoked.v1",
        "user.suspended.v1",
        "user.reinstated.v1",
        "user.sessions_revoked.v1",
        "user.deleted.v1",
        "user.erased.v1",
        "user.totp_enrolled.v1",
        "user.totp_confirmed.v1",
        "user.recovery_codes_issued.v1",
        "user.second_factor_removed.v1",
        "user.second_factor_used.v1",
        "user.email_verified.v1",
        "user.email_change_requested.v1",
        "user.email_changed.v1",
        "user.invited.v1",
        "user.password_reset_requested.v1",
        "user.verification_requested.v1",
        "user.address_taken.v1",
        "user.sign_in_failed.v1",
        "user.locked_out.v1",
        "user.lockout_lifted.v1",
        "session.started.v1",
        "session.refreshed.v1",
        "session.reauthenticated.v1",
        "session.revoked.v1",
        "session.replay_detected.v1",
        "role.defined.v1",
        "role.removed.v1",
        "audit.exported.v1",
        "user.hold_placed.v1",
        "user.hold_lifted.v1",
        "hold.placed.v1",
        "hold.lifted.v1",
        "retention.network_ended.v1",
        "service_account.created.v1",
        "service_account.removed.v1",
        "key.issued.v1",
        "key.revoked.v1",
        "key.used.v1",
    ];

    /// The wire name: what happened, and the version of its form.
    #[must_use]
    pub const fn event_type(&self) -> &'static str {
        match self {
            Fact::UserRegistered(_) => "user.registered.v1",
            Fact::UserImported(_) => "user.imported.v1",
            Fact::ProfileChanged(_) => "user.profile_changed.v1",
            Fact::PictureChanged(_) => "user.picture_changed.v1",
            Fact::PictureRemoved => "user.picture_removed.v1",
            Fact::PasswordChanged(_) => "user.password_changed.v1",
            Fact::PasswordRehashed(_) => "user.password_rehashed.v1",
            Fact::RoleGranted(_) => "user.role_granted.v1",
            Fact::RoleRevoked(_) => "user.role_revoked.v1",
            Fact::UserSuspended(_) => "user.suspended.v1",
            Fact::UserReinstated => "user.reinstated.v1",
            Fact::SessionsRevoked(_) => "user.sessions_revoked.v1",
            Fact::UserDeleted => "user.deleted.v1",
            Fact::UserErased => "user.erased.v1",
            Fact::TotpEnrolled(_) => "user.totp_enrolled.v1",
            Fact::TotpConfirmed(_) => "user.totp_confirmed.v1",
            Fact::RecoveryCodesIssued(_) => "user.recovery_codes_issued.v1",
            Fact::SecondFactorRemoved => "user.second_factor_removed.v1",
            Fact::SecondFactorUsed(_) => "user.second_factor_used.v1",
            Fact::EmailVerified => "user.email_verified.v1",
            Fact::EmailChangeRequested(_) => "user.email_change_requested.v1",
            Fact::EmailChanged(_) => "user.email_changed.v1",
            Fact::UserInvited => "user.invited.v1",
            Fact::PasswordResetRequested(_) => "user.password_reset_requested.v1",
            Fact::VerificationRequested(_) => "user.verification_requested.v1",
            Fact::AddressTaken(_) => "user.address_taken.v1",
            Fact::SignInFailed(_) => "user.sign_in_failed.v1",
            Fact::LockedOut(_) => "user.locked_out.v1",
            Fact::LockoutLifted => "user.lockout_lifted.v1",
            Fact::SessionStarted(_) => "session.started.v1",
            Fact::SessionRefreshed(_) => "session.refreshed.v1",
            Fact::SessionReauthenticated(_) => "session.reauthenticated.v1",
            Fact::SessionRevoked(_) => "session.revoked.v1",
            Fact::SessionReplayDetected(_) => "session.replay_detected.v1",
            Fact::RoleDefined(_) => "role.defined.v1",
            Fact::RoleRemoved(_) => "role.removed.v1",
            Fact::AuditExported(_) => "audit.exported.v1",
            Fact::UserHoldPlaced(_) => "user.hold_placed.v1",
            Fact::UserHoldLifted => "user.hold_lifted.v1",
            Fact::HoldPlaced(_) => "hold.placed.v1",
            Fact::HoldLifted(_) => "hold.lifted.v1",
            Fact::NetworkEnded(_) => "retention.network_ended.v1",
            Fact::ServiceAccountCreated(_) => "service_account.created.v1",
            Fact::ServiceAccountRemoved => "service_account.removed.v1",
            Fact::KeyIssued(_) => "key.issued.v1",
            Fact::KeyRevoked(_) => "key.revoked.v1",
            Fact::KeyUsed(_) => "key.used.v1",
        }
    }

    /// Whose session this is about; `None` for facts about anything else.
    #[must_use]
    pub const fn session_owner(&self) -> Option<UserId> {
        match self {
            Fact::SessionStarted(fact) => Some(fact.user_id),
            Fact::SessionRefreshed(fact) | Fact::SessionReauthenticated(fact) => Some(fact.user_id),
            Fact::SessionRevoked(fact) => Some(fact.user_id),
            Fact::SessionReplayDetected(fact) => Some(fact.user_id),
            Fact::UserRegistered(_)
            | Fact::UserImported(_)
            | Fact::ProfileChanged(_)
            | Fact::PictureChanged(_)
            | Fact::PictureRemoved
            | Fact::PasswordChanged(_)
            | Fact::PasswordRehashed(_)
            | Fact::RoleGranted(_)
            | Fact::RoleRevoked(_)
            | Fact::UserSuspended(_)
            | Fact::UserReinstated
            | Fact::SessionsRevoked(_)
            | Fact::UserDeleted
            | Fact::UserErased
            | Fact::TotpEnrolled(_)
            | Fact::TotpConfirmed(_)
            | Fact::RecoveryCodesIssued(_)
            | Fact::SecondFactorRemoved
            | Fact::SecondFactorUsed(_)
            | Fact::EmailVerified
            | Fact::EmailChangeRequested(_)
            | Fact::EmailChanged(_)
            | Fact::UserInvited
            | Fact::PasswordResetRequested(_)
            | Fact::VerificationRequested(_)
            | Fact::AddressTaken(_)
            | Fact::SignInFailed(_)
            | Fact::LockedOut(_)
            | Fact::LockoutLifted
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
            | Fact::KeyUsed(_) => None,
        }
    }

    /// The fact's data with personal values still open, for the codec to seal.
    pub(crate) fn to_data(&self) -> Result<Map<String, Value>, serde_json::Error> {
        let value = match self {
            Fact::UserRegistered(data) | Fact::UserImported(data) => serde_json::to_value(data),
            Fact::ProfileChanged(data) => serde_json::to_value(data),
            Fact::PictureChanged(data) => serde_json::to_value(data),
            Fact::PasswordChanged(data) | Fact::PasswordRehashed(data) => serde_json::to_value(data),
            Fact::RoleGranted(data) => serde_json::to_value(data),
            Fact::RoleRevoked(data) => serde_json::to_value(data),
            Fact::UserSuspended(data) => serde_json::to_value(data),
            Fact::SessionsRevoked(data) => serde_json::to_value(data),
            Fact::TotpEnrolled(data) => serde_json::to_value(data),
            Fact::TotpConfirmed(data) => serde_json::to_value(data),
            Fact::RecoveryCodesIssued(data) => serde_json::to_value(data),
            Fact::SecondFactorUsed(data) => serde_json::to_value(data),
            Fact::EmailChangeRequested(data) => serde_json::to_value(data),
            Fact::EmailChanged(data) => serde_json::to_value(data),
            Fact::PasswordResetRequested(data) => serde_json::to_value(data),
            Fact::VerificationRequested(data) => serde_json::to_value(data),
            Fact::AddressTaken(data) => serde_json::to_value(data),
            Fact::SignInFailed(data) => serde_json::to_value(data),
            Fact::LockedOut(data) => serde_json::to_value(data),
            Fact::SessionStarted(data) => serde_json::to_value(data),
            Fact::SessionRefreshed(data) | Fact::SessionReauthenticated(data) => serde_json::to_value(data),
            Fact::SessionRevoked(data) => serde_json::to_value(data),
            Fact::SessionReplayDetected(data) => serde_json::to_value(data),
            Fact::RoleDefined(data) => serde_json::to_value(data),
            Fact::RoleRemoved(data) => serde_json::to_value(data),
            Fact::AuditExported(data) => serde_json::to_value(data),
            Fact::UserHoldPlaced(data) => serde_json::to_value(data),
            Fact::HoldPlaced(data) => serde_json::to_value(data),
            Fact::HoldLifted(data) => serde_json::to_value(data),
            Fact::NetworkEnded(data) => serde_json::to_value(data),
            Fact::ServiceAccountCreated(data) => serde_json::to_value(data),
            Fact::KeyIssued(data) => serde_json::to_value(data),
            Fact::KeyRevoked(data) => serde_json::to_value(data),
            Fact::KeyUsed(data) => serde_json::to_value(data),
            Fact::PictureRemoved
            | Fact::UserHoldLifted
            | Fact::UserReinstated
            | Fact::UserDeleted
            | Fact::UserErased
            | Fact::SecondFactorRemoved
            | Fact::EmailVerified
            | Fact::UserInvited
            | Fact::LockoutLifted
            | Fact::ServiceAccountRemoved => Ok(Value::Object(Map::new())),
        }?;
        match value {
            Value::Object(data) => Ok(data),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(serde::de::Error::custom("a fact's data is not an object"))
            }
        }
    }

    /// Reads a fact of this type, its sealed groups already opened or known to be erased.
    ///
    /// Old versions of a type are lifted here and nowhere else.
    pub(crate) fn from_data(
        event_type: &str,
        data: Map<String, Value>,
    ) -> Result<Option<Self>, serde_json::Error> {
        let empty = data.is_empty();
        let nothing_but = |fact| match empty {
            true => Ok(fact),
            false => Err(serde::de::Error::custom("data where none belongs")),
        };
        let data = Value::Object(data);
        let fact = match event_type {
            "user.registered.v1" => Fact::UserRegistered(serde_json::from_value(data)?),
            "user.imported.v1" => Fact::UserImported(serde_json::from_value(data)?),
            "user.profile_changed.v1" => Fact::ProfileChanged(serde_json::from_value(data)?),
            "user.picture_changed.v1" => Fact::PictureChanged(serde_json::from_value(data)?),
            "user.picture_removed.v1" => nothing_but(Fact::PictureRemoved)?,
            "user.password_changed.v1" => Fact::PasswordChanged(serde_json::from_value(data)?),
            "user.password_rehashed.v1" => Fact::PasswordRehashed(serde_json::from_value(data)?),
            "user.role_granted.v1" => Fact::RoleGranted(serde_json::from_value(data)?),
            "user.role_revoked.v1" => Fact::RoleRevoked(serde_json::from_value(data)?),
            "user.suspended.v1" => Fact::UserSuspended(serde_json::from_value(data)?),
            "user.reinstated.v1" => nothing_but(Fact::UserReinstated)?,
            "user.sessions_revoked.v1" => Fact::SessionsRevoked(serde_json::from_value(data)?),
            "user.deleted.v1" => nothing_but(Fact::UserDeleted)?,
            "user.erased.v1" => nothing_but(Fact::UserErased)?,
            "user.totp_enrolled.v1" => Fact::TotpEnrolled(serde_json::from_value(data)?),
            "user.totp_confirmed.v1" => Fact::TotpConfirmed(serde_json::from_value(data)?),
            "user.recovery_codes_issued.v1" => Fact::RecoveryCodesIssued(serde_json::from_value(data)?),
            "user.second_factor_removed.v1" => nothing_but(Fact::SecondFactorRemoved)?,
            "user.second_factor_used.v1" => Fact::SecondFactorUsed(serde_json::from_value(data)?),
            "user.email_verified.v1" => nothing_but(Fact::EmailVerified)?,
            "user.email_change_requested.v1" => Fact::EmailChangeRequested(serde_json::from_value(data)?),
            "user.email_changed.v1" => Fact::EmailChanged(serde_json::from_value(data)?),
            "user.invited.v1" => nothing_but(Fact::UserInvited)?,
            "user.password_reset_requested.v1" => Fact::PasswordResetRequested(serde_json::from_value(data)?),
            "user.verification_requested.v1" => Fact::VerificationRequested(serde_json::from_value(data)?),
            "user.address_taken.v1" => Fact::AddressTaken(serde_json::from_value(data)?),
            "user.sign_in_failed.v1" => Fact::SignInFailed(serde_json::from_value(data)?),
            "user.locked_out.v1" => Fact::LockedOut(serde_json::from_value(data)?),
            "user.lockout_lifted.v1" => nothing_but(Fact::LockoutLifted)?,
            "session.started.v1" => Fact::SessionStarted(serde_json::from_value(data)?),
            "session.refreshed.v1" => Fact::SessionRefreshed(serde_json::from_value(data)?),
            "session.reauthenticated.v1" => Fact::SessionReauthenticated(serde_json::from_value(data)?),
            "session.revoked.v1" => Fact::SessionRevoked(serde_json::from_value(data)?),
            "session.replay_detected.v1" => Fact::SessionReplayDetected(serde_json::from_value(data)?),
            "role.defined.v1" => Fact::RoleDefined(serde_json::from_value(data)?),
            "role.removed.v1" => Fact::RoleRemoved(serde_json::from_value(data)?),
            "audit.exported.v1" => Fact::AuditExported(serde_json::from_value(data)?),
            "user.hold_placed.v1" => Fact::UserHoldPlaced(serde_json::from_value(data)?),
            "user.hold_lifted.v1" => nothing_but(Fact::UserHoldLifted)?,
            "hold.placed.v1" => Fact::HoldPlaced(serde_json::from_value(data)?),
            "hold.lifted.v1" => Fact::HoldLifted(serde_json::from_value(data)?),
            "retention.network_ended.v1" => Fact::NetworkEnded(serde_json::from_value(data)?),
            "service_account.created.v1" => Fact::ServiceAccountCreated(serde_json::from_value(data)?),
            "service_account.removed.v1" => nothing_but(Fact::ServiceAccountRemoved)?,
            "key.issued.v1" => Fact::KeyIssued(serde_json::from_value(data)?),
            "key.revoked.v1" => Fact::KeyRevoked(serde_json::from_value(data)?),
            "key.used.v1" => Fact::KeyUsed(serde_json::from_value(data)?),
            _ => return Ok(None),
        };
        Ok(Some(fact))
    }
}
