//! Why a command is refused.

use std::fmt;

/// The rule that said no. Each has one code in the HTTP contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Nobody of this id: never there, or erased. A stranger must not learn which.
    UnknownUser,
    /// The id belongs to somebody already.
    UserExists,
    /// The address belongs to somebody already. Decided by the address directory.
    EmailTaken,
    /// The account is closed; only erasing it is left.
    Deleted,
    /// The account is suspended and may not act for itself.
    Suspended,
    /// The session that the command came from has ended meanwhile.
    SessionEnded,
    /// No such session of this person.
    UnknownSession,
    /// The session is of somebody else than the command says.
    AnothersSession,
    /// The password given is not, or no longer, the right one.
    WrongPassword,
    /// A link that was mailed was used before, is void since a newer one or another password, or is about nobody.
    MailTokenSpent,
    /// Nobody else could administer Evident afterwards. Decided by the vault's list of admins.
    LastAdmin,
    /// Built-in roles are never redefined or removed.
    BuiltInRole,
    /// No role of this name is defined.
    RoleUnknown,
    /// A role of this name was removed. Its holders keep the name, so it is not defined again.
    RoleRemoved,
    /// The person has, or would have, more roles than anybody can have.
    TooManyRoles,
    /// The role permits something that the one who asks may not do.
    AboveOwnLevel,
    /// Nobody grants a role to themselves, or goes around their own proof.
    SelfGrant,
    /// A legal hold stands: nothing that it keeps is destroyed.
    LegalHold,
    /// No hold of this name stands.
    UnknownHold,
    /// As many holds stand as may.
    TooManyHolds,
    /// No such service account, or none any more.
    UnknownServiceAccount,
    /// No such key of this account, or none any more.
    UnknownKey,
    /// The key would permit more than its account may do.
    AboveAccount,
    /// The account has as many keys as an account can have.
    TooManyKeys,
    /// The account was changed as often as its stream has room for.
    HistoryFull,
    /// There is no second factor, or none that waits for its first code.
    NoSecondFactor,
    /// A second factor is demanded of who has the roles that this person has, so theirs stays.
    SecondFactorDemanded,
    /// There is a second factor, and the token was given without it.
    SecondFactorMissing,
    /// The code was used before.
    CodeUsed,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::UnknownUser => "user is unknown",
            Refusal::UserExists => "user exists already",
            Refusal::EmailTaken => "address belongs to somebody already",
            Refusal::Deleted => "account is deleted",
            Refusal::Suspended => "account is suspended",
            Refusal::SessionEnded => "session has ended",
            Refusal::UnknownSession => "session is unknown",
            Refusal::AnothersSession => "session is somebody else's",
            Refusal::WrongPassword => "password is wrong",
            Refusal::MailTokenSpent => "mailed link is spent",
            Refusal::LastAdmin => "nobody else is an admin",
            Refusal::BuiltInRole => "role is built in",
            Refusal::RoleUnknown => "role is unknown",
            Refusal::RoleRemoved => "role was removed",
            Refusal::TooManyRoles => "user has too many roles",
            Refusal::AboveOwnLevel => "role permits more than the one who asks may do",
            Refusal::SelfGrant => "nobody grants a role to themselves",
            Refusal::LegalHold => "a legal hold stands",
            Refusal::UnknownHold => "hold is unknown",
            Refusal::TooManyHolds => "as many holds stand as may",
            Refusal::UnknownServiceAccount => "service account is unknown",
            Refusal::UnknownKey => "key is unknown",
            Refusal::AboveAccount => "key permits more than its account may do",
            Refusal::TooManyKeys => "account has too many keys",
            Refusal::HistoryFull => "history is full",
            Refusal::NoSecondFactor => "there is no second factor",
            Refusal::SecondFactorDemanded => "second factor is demanded",
            Refusal::SecondFactorMissing => "second factor was not shown",
            Refusal::CodeUsed => "code was used before",
        })
    }
}

impl std::error::Error for Refusal {}
