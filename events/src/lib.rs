//! What happened. Facts, ids and values, and the record that carries a fact as one byte string.
//!
//! Everything here is pure: no clock, no randomness, no I/O, no cryptography. How records are kept is `store`;
//! whether a fact may happen is `command-api/domain`; what a fact shows as is `read-models`.

mod facts;
mod ids;
mod personal;
mod position;
mod record;
mod roles;
mod stream;
mod time;

pub use facts::{
    AuditExported, Credential, EndCause, ExportFormat, Fact, FailureCause, LockedOut, LockoutScope, Network,
    PasswordChanged, Profile, ProfileChanged, Reason, RevocationCause, RoleDefined, RoleGranted, RoleRemoved,
    RoleRevoked, SessionRefreshed, SessionReplayDetected, SessionRevoked, SessionStarted, SessionsRevoked,
    SignInFailed, UserRegistered, UserSuspended,
};
pub use ids::{EventId, InvalidId, LogId, SessionId, UserId};
pub use personal::{Group, KeyName, Personal, SealContext, Sealed};
pub use position::{Position, Version};
pub use record::{Actor, Draft, FactError, MAX_RECORD_BYTES, Record, RecordError, RequestContext, Salt};
pub use roles::{BuiltInRole, InvalidRoleName, Permission, RoleName, permissions_of};
pub use stream::{Category, InvalidStreamName, MAX_STREAM_NAME_BYTES, StreamName};
pub use time::{InvalidTimestamp, Month, Timestamp};
