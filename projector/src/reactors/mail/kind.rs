//! The kinds of mail, and which event asks for which.

use events::Fact;

/// A kind of mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Verify the address.
    Verification,
    /// Choose another password.
    PasswordReset,
    /// Choose a first password.
    Invitation,
    /// Verify the address that is to be the account's.
    EmailChange,
    /// Another address is to be the account's; to the present one.
    EmailChangeNotice,
    /// Another address is the account's; to the one before.
    EmailChanged,
    /// There is an account already.
    AccountExists,
    /// The password was changed.
    PasswordChanged,
    /// Somebody signed in from a device or a network that was not seen before.
    NewDevice,
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::Verification,
        Self::PasswordReset,
        Self::Invitation,
        Self::EmailChange,
        Self::EmailChangeNotice,
        Self::EmailChanged,
        Self::AccountExists,
        Self::PasswordChanged,
        Self::NewDevice,
    ];

    /// As it stands in errands, Message-IDs and names of files. Never to be changed.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Kind::Verification => "verification",
            Kind::PasswordReset => "password-reset",
            Kind::Invitation => "invitation",
            Kind::EmailChange => "email-change",
            Kind::EmailChangeNotice => "email-change-notice",
            Kind::EmailChanged => "email-changed",
            Kind::AccountExists => "account-exists",
            Kind::PasswordChanged => "password-changed",
            Kind::NewDevice => "new-device",
        }
    }

    /// The kind of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The mails that a fact asks for. Personal values in it may be erased.
    pub(super) const fn asked_for_by(fact: &Fact) -> &'static [Self] {
        match fact {
            Fact::PasswordChanged(_) => &[Kind::PasswordChanged],
            Fact::SessionStarted(_) => &[Kind::NewDevice],
            // A person who chose a password for themselves: not one whom somebody else, or an operator, made.
            Fact::UserRegistered(fact) if fact.credential.is_some() && fact.network.is_some() => {
                &[Kind::Verification]
            }
            Fact::VerificationRequested(_) => &[Kind::Verification],
            Fact::PasswordResetRequested(_) => &[Kind::PasswordReset],
            Fact::EmailChangeRequested(_) => &[Kind::EmailChange, Kind::EmailChangeNotice],
            Fact::EmailChanged(_) => &[Kind::EmailChanged],
            Fact::UserInvited => &[Kind::Invitation],
            Fact::AddressTaken(_) => &[Kind::AccountExists],
            Fact::UserRegistered(_)
            | Fact::UserImported(_)
            | Fact::ProfileChanged(_)
            | Fact::EmailVerified
            | Fact::PictureChanged(_)
            | Fact::PictureRemoved
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
            | Fact::SessionReauthenticated(_)
            | Fact::SignInFailed(_)
            | Fact::LockedOut(_)
            | Fact::LockoutLifted
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
            | Fact::KeyUsed(_) => &[],
        }
    }
}
