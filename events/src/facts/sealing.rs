//! Which facts are sealed in parts.

use crate::Fact;

impl Fact {
    /// Whether it holds values that its person's keys seal.
    #[must_use]
    pub const fn is_personal(&self) -> bool {
        match self {
            Fact::UserRegistered(_)
            | Fact::UserImported(_)
            | Fact::ProfileChanged(_)
            | Fact::PictureChanged(_)
            | Fact::PasswordChanged(_)
            | Fact::PasswordRehashed(_)
            | Fact::UserSuspended(_)
            | Fact::EmailChangeRequested(_)
            | Fact::EmailChanged(_)
            | Fact::PasswordResetRequested(_)
            | Fact::VerificationRequested(_)
            | Fact::AddressTaken(_)
            | Fact::UserHoldPlaced(_)
            | Fact::SignInFailed(_)
            | Fact::LockedOut(_)
            | Fact::SessionStarted(_)
            | Fact::SessionRefreshed(_)
            | Fact::SessionReauthenticated(_)
            | Fact::SessionReplayDetected(_)
            | Fact::TotpEnrolled(_)
            | Fact::RecoveryCodesIssued(_) => true,
            Fact::PictureRemoved
            | Fact::RoleGranted(_)
            | Fact::RoleRevoked(_)
            | Fact::UserReinstated
            | Fact::EmailVerified
            | Fact::UserInvited
            | Fact::SessionsRevoked(_)
            | Fact::UserDeleted
            | Fact::UserErased
            | Fact::TotpConfirmed(_)
            | Fact::SecondFactorRemoved
            | Fact::SecondFactorUsed(_)
            | Fact::LockoutLifted
            | Fact::SessionRevoked(_)
            | Fact::RoleDefined(_)
            | Fact::RoleRemoved(_)
            | Fact::UserHoldLifted
            | Fact::HoldPlaced(_)
            | Fact::HoldLifted(_)
            | Fact::NetworkEnded(_)
            | Fact::AuditExported(_)
            | Fact::ServiceAccountCreated(_)
            | Fact::ServiceAccountRemoved
            | Fact::KeyIssued(_)
            | Fact::KeyRevoked(_)
            | Fact::KeyUsed(_) => false,
        }
    }
}
