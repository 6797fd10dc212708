//! One line for people about each fact. It never holds personal data: who reads a list over somebody's shoulder
//! sees what happened, and to whom only by id.

use events::{
    AuditExported, EndCause, ExportFormat, Fact, FailureCause, LockedOut, LockoutScope, Permission,
    RevocationCause, RoleDefined, SecondFactor, SecondFactorUsed, SessionsRevoked, SignInFailed,
    UserRegistered,
};
use std::{collections::BTreeSet, fmt::Display};

/// What happened, in a few words.
pub(crate) fn summary(fact: &Fact) -> String {
    match fact {
        Fact::UserRegistered(fact) => came_to_be("Registered", fact),
        Fact::UserImported(fact) => came_to_be("Imported", fact),
        Fact::ProfileChanged(_) => "Profile changed".into(),
        Fact::PictureChanged(_) => "Picture changed".into(),
        Fact::PictureRemoved => "Picture removed".into(),
        Fact::PasswordChanged(_) => "Password changed".into(),
        Fact::PasswordRehashed(_) => "Password hashed anew with the parameters of today".into(),
        Fact::RoleGranted(fact) => format!("Role {} granted", fact.role),
        Fact::RoleRevoked(fact) => format!("Role {} revoked", fact.role),
        Fact::UserSuspended(_) => "Suspended".into(),
        Fact::UserReinstated => "Reinstated".into(),
        Fact::SessionsRevoked(fact) => sessions_revoked(fact),
        Fact::UserDeleted => "Account deleted".into(),
        Fact::UserErased => "Erased: the keys of the personal data were destroyed".into(),
        Fact::EmailVerified => "Address verified".into(),
        Fact::EmailChangeRequested(_) => "Another address asked for".into(),
        Fact::EmailChanged(_) => "Address changed and verified".into(),
        Fact::UserInvited => "Invited to choose a password".into(),
        Fact::PasswordResetRequested(_) => "A mail to choose another password asked for".into(),
        Fact::VerificationRequested(_) => "Another mail to verify the address asked for".into(),
        Fact::AddressTaken(_) => "Somebody tried to register with the address".into(),
        Fact::TotpEnrolled(_) => "Second factor enrolled, not confirmed yet".into(),
        Fact::TotpConfirmed(_) => "Second factor in force".into(),
        Fact::RecoveryCodesIssued(_) => "Recovery codes issued".into(),
        Fact::SecondFactorRemoved => "Second factor removed".into(),
        Fact::SecondFactorUsed(fact) => second_factor_used(fact),
        Fact::SignInFailed(fact) => sign_in_failed(fact),
        Fact::LockedOut(fact) => locked_out(fact),
        Fact::LockoutLifted => "Lockout lifted".into(),
        Fact::SessionStarted(_) => "Signed in".into(),
        Fact::SessionRefreshed(fact) => format!("Session refreshed, generation {}", fact.generation),
        Fact::SessionReauthenticated(fact) => format!("Proved who they are, generation {}", fact.generation),
        Fact::SessionRevoked(fact) => format!("Session ended: {}", end_cause(fact.cause)),
        Fact::SessionReplayDetected(fact) => {
            format!("Session ended: its refresh token of generation {} came back", fact.generation)
        }
        Fact::RoleDefined(fact) => role_defined(fact),
        Fact::RoleRemoved(fact) => format!("Role {} removed", fact.role),
        Fact::AuditExported(fact) => exported(fact),
        Fact::UserHoldPlaced(_) => "Legal hold placed: not to be erased".into(),
        Fact::UserHoldLifted => "Legal hold lifted".into(),
        Fact::HoldPlaced(fact) => format!("Legal hold {} placed on {} to {}", fact.name, fact.from, fact.to),
        Fact::HoldLifted(fact) => format!("Legal hold {} lifted", fact.name),
        Fact::NetworkEnded(fact) => {
            format!("Network facts of {} ended: the month's key was destroyed", fact.month)
        }
        Fact::ServiceAccountCreated(fact) => {
            format!("Service account created, for at most {}", permissions(&fact.permissions))
        }
        Fact::ServiceAccountRemoved => "Service account removed, and its keys with it".into(),
        Fact::KeyIssued(fact) => {
            format!("Key issued for {}, until {}", permissions(&fact.permissions), fact.expires_at)
        }
        Fact::KeyRevoked(_) => "Key revoked".into(),
        Fact::KeyUsed(_) => "Key used for the first time on this day".into(),
    }
}

fn came_to_be(how: &str, fact: &UserRegistered) -> String {
    if fact.roles.is_empty() { how.into() } else { format!("{how} as {}", list(&fact.roles)) }
}

fn second_factor_used(fact: &SecondFactorUsed) -> String {
    match fact.method {
        SecondFactor::Totp => "Code of the second factor used".into(),
        SecondFactor::RecoveryCode => "Recovery code used".into(),
    }
}

fn sessions_revoked(fact: &SessionsRevoked) -> String {
    let cause = match fact.cause {
        RevocationCause::PasswordChanged => "the password changed",
        RevocationCause::SecondFactorChanged => "the second factor changed",
        RevocationCause::RequestedByOwner => "asked for by their owner",
        RevocationCause::RequestedByOther => "asked for by somebody else",
    };
    let which = if fact.except.is_some() { "All sessions but one" } else { "All sessions" };
    format!("{which} ended: {cause}")
}

fn sign_in_failed(fact: &SignInFailed) -> String {
    let cause = match fact.cause {
        FailureCause::WrongPassword => "wrong password",
        FailureCause::WrongCode => "wrong code",
        FailureCause::Suspended => "the account is suspended",
        FailureCause::Deleted => "the account is deleted",
        FailureCause::Unverified => "the address is not verified",
    };
    format!("Sign-in failed: {cause}, {} in a row", fact.failures)
}

fn locked_out(fact: &LockedOut) -> String {
    let whom = match fact.scope {
        LockoutScope::Source => "one source",
        LockoutScope::Account => "everybody",
    };
    format!("Sign-in locked for {whom} until {}", fact.until)
}

const fn end_cause(cause: EndCause) -> &'static str {
    match cause {
        EndCause::SignedOut => "signed out",
        EndCause::RevokedByOwner => "revoked by its owner",
        EndCause::RevokedByOther => "revoked by somebody else",
        EndCause::Superseded => "the account changed while signing in",
        EndCause::TooManySessions => "its owner started more than are allowed at once",
    }
}

fn role_defined(fact: &RoleDefined) -> String {
    if fact.permissions.is_empty() {
        return format!("Role {} defined, permitting nothing", fact.role);
    }
    format!("Role {} defined: {}", fact.role, list(&fact.permissions))
}

fn permissions(permissions: &BTreeSet<Permission>) -> String {
    if permissions.is_empty() { "nothing".into() } else { list(permissions) }
}

fn exported(fact: &AuditExported) -> String {
    let format = match fact.format {
        ExportFormat::Jsonl => "JSON lines",
        ExportFormat::Cloudevents => "CloudEvents",
        ExportFormat::Csv => "CSV",
        ExportFormat::Ocsf => "OCSF",
    };
    if fact.to < fact.from {
        return format!("History exported as {format}, of a time in which nothing happened");
    }
    format!("History exported as {format}, positions {} to {}", fact.from, fact.to)
}

fn list(items: impl IntoIterator<Item = impl Display>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::{Network, Personal, Profile, Timestamp};

    #[test]
    fn a_summary_holds_no_personal_data() {
        let network =
            Personal::Open(Network { ip: Some("192.0.2.7".into()), user_agent: Some("Firefox".into()) });
        let profile = Profile { email: "ada@example.com".into(), display_name: Some("Ada".into()) };
        let registered = Fact::UserRegistered(UserRegistered {
            profile: Personal::Open(profile),
            credential: None,
            roles: vec!["user".parse().expect("a role name")],
            network: Some(network.clone()),
        });
        let locked = Fact::LockedOut(LockedOut {
            scope: LockoutScope::Source,
            until: Timestamp::from_micros(0),
            failures: 5,
            network,
        });
        assert_eq!(summary(&registered), "Registered as user");
        assert_eq!(summary(&locked), "Sign-in locked for one source until 1970-01-01T00:00:00.000000Z");
    }
}
