//! What happened. Facts, ids and values, and the record that carries a fact as one byte string.
//!
//! Everything here is pure: no clock, no randomness, no I/O, no cryptography. How records are kept is `store`;
//! whether a fact may happen is `command-api/domain`; what a fact shows as is `read-models`.

mod facts;
mod holds;
mod ids;
mod personal;
mod position;
mod record;
mod roles;
mod secret_hash;
mod stream;
mod time;

pub use facts::{
    Address, AddressTaken, AuditExported, Credential, EmailChangeRequested, EmailChanged, EndCause,
    ExportFormat, Fact, FailureCause, HoldLifted, HoldPlaced, KeyIssued, KeyRevoked, KeyUsed, LockedOut,
    LockoutScope, Network, NetworkEnded, PasswordChanged, PasswordResetRequested, Picture, PictureChanged,
    PictureType, Profile, ProfileChanged, Reason, RecoveryCodes, RecoveryCodesIssued, RevocationCause,
    RoleDefined, RoleGranted, RoleRemoved, RoleRevoked, SecondFactor, SecondFactorUsed,
    ServiceAccountCreated, SessionRefreshed, SessionReplayDetected, SessionRevoked, SessionStarted,
    SessionsRevoked, SignInFailed, TotpConfirmed, TotpEnrolled, TotpSecret, UsedRecoveryCodes, UsedTotp,
    UserHoldPlaced, UserRegistered, UserSuspended, VerificationRequested,
};
pub use holds::{HoldName, InvalidHoldName};
pub use ids::{EventId, InvalidId, KeyId, LogId, PictureId, ServiceAccountId, SessionId, UserId};
pub use personal::{Group, KeyName, Personal, SealContext, Sealed};
pub use position::{Position, Version};
pub use record::{Actor, Draft, FactError, MAX_RECORD_BYTES, Record, RecordError, RequestContext, Salt};
pub use roles::{BuiltInRole, InvalidRoleName, Permission, RoleName, permissions_of};
pub use secret_hash::SecretHash;
pub use stream::{Category, InvalidStreamName, MAX_STREAM_NAME_BYTES, MailTopic, StreamName};
pub use time::{Day, InvalidTimestamp, Month, Timestamp};
