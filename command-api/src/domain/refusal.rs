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
    /// The password given is not, or no longer, the right one.
    WrongPassword,
    /// Nobody else could administer Evident afterwards. Decided by the vault's list of admins.
    LastAdmin,
    /// Built-in roles are never redefined or removed.
    BuiltInRole,
    /// No role of this name is defined.
    RoleUnknown,
    /// A role of this name was removed. Its holders keep the name, so it is not defined again.
    RoleRemoved,
    /// The role permits something that the one who asks may not do.
    AboveOwnLevel,
    /// Nobody grants a role to themselves.
    SelfGrant,
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
            Refusal::WrongPassword => "password is wrong",
            Refusal::LastAdmin => "nobody else is an admin",
            Refusal::BuiltInRole => "role is built in",
            Refusal::RoleUnknown => "role is unknown",
            Refusal::RoleRemoved => "role was removed",
            Refusal::AboveOwnLevel => "role permits more than the one who asks may do",
            Refusal::SelfGrant => "nobody grants a role to themselves",
        })
    }
}

impl std::error::Error for Refusal {}
