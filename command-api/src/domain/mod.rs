//! What may happen. A command is a function: what is so far, and what is asked, to facts or a refusal.
//!
//! Nothing here waits, reads a clock or draws a random number, and nothing but `std` and `events` is known here.
//! Reading, sealing and appending is the loop's; which code a refusal answers with is the routes'.

mod happened;
mod lockout;
mod refusal;
mod role;
mod session;
mod sign_in;
mod throttle;
mod user;
mod values;

pub use happened::{Contradiction, Happened};
pub use lockout::lift_lockout;
pub use refusal::Refusal;
pub use role::{Granter, Role, define, may_grant, remove};
pub use session::{LiveSession, OwnSession, Refresh, Session, end_session, refresh};
pub use sign_in::{Denied, sign_in};
pub use throttle::{Admission, Lockout, Slot, Tally, admit, failed, succeeded, unchecked};
pub use user::{
    Newcomer, Person, SessionsEnded, User, change_password, change_profile, close, create, delete, erase,
    grant, register, rehash, reinstate, revoke, revoke_other_sessions, revoke_sessions, suspend,
};
pub use values::{DisplayName, EmailAddress, InvalidValue, PasswordHash, SuspensionReason};

#[cfg(test)]
mod tests;
