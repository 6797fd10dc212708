//! What may happen. A command is a function: what is so far, and what is asked, to facts or a refusal.
//!
//! Nothing here waits, reads a clock or draws a random number, and nothing but `std` and `events` is known here.
//! Reading, sealing and appending is the loop's; which code a refusal answers with is the routes'.

mod happened;
mod lockout;
mod refusal;
mod retention;
mod role;
mod service_account;
mod session;
mod sign_in;
mod throttle;
mod used_codes;
mod user;
mod values;

pub use happened::{Contradiction, Happened};
pub use lockout::lift_lockout;
pub use refusal::Refusal;
pub use retention::{Retention, end_network, lift_period_hold, place_period_hold};
pub use role::{Granter, Role, define, may_act_upon, may_grant, remove};
pub use service_account::{
    Account, Key, NewKey, ServiceAccount, create_service_account, issue_key, remove_service_account,
    revoke_key, use_key,
};
pub use session::{LiveSession, OwnSession, Refresh, Session, Spans, end_session, reauthenticate, refresh};
pub use sign_in::{Denied, sign_in};
pub use throttle::{Admission, Lockout, Slot, Tally, admit, admit_known, failed, succeeded, unchecked};
pub use used_codes::{RightCode, UsedCodes, use_code};
pub use user::{
    EmailChange, Factor, KeptPicture, MAX_ROLES, Newcomer, Person, Proof, RecoverySet, SessionsEnded, Totp,
    User, change_email, change_password, change_picture, change_profile, close, confirm_totp, create, delete,
    enrol_totp, erase, grant, import, invite, issue_recovery_codes, lift_hold, place_hold, register, rehash,
    reinstate, remove_factors_of, remove_picture, remove_second_factor, request_email_change, reset_password,
    revoke, revoke_other_sessions, revoke_sessions, suspend, verify_email,
};
pub use values::{DisplayName, EmailAddress, InvalidValue, PasswordHash, SuspensionReason};

#[cfg(test)]
mod tests;
