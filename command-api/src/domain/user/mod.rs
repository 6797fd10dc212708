//! A person: what their stream says they are, and what may happen to them. One command, or one pair of opposites,
//! a file.

mod deletion;
mod email;
mod hold;
mod password;
mod picture;
mod profile;
mod register;
mod roles;
mod second_factor;
mod sessions;
mod state;
mod suspension;

pub use deletion::{close, delete, erase};
pub use email::{change_email, request_email_change, verify_email};
pub use hold::{lift_hold, place_hold};
pub use password::{Proof, change_password, rehash, reset_password};
pub use picture::{change_picture, remove_picture};
pub use profile::change_profile;
pub use register::{Newcomer, create, import, invite, register};
pub use roles::{MAX_ROLES, grant, revoke};
pub use second_factor::{
    Factor, RecoverySet, Totp, confirm_totp, enrol_totp, issue_recovery_codes, remove_factors_of,
    remove_second_factor,
};
pub use sessions::{revoke_other_sessions, revoke_sessions};
pub use state::{EmailChange, KeptPicture, Person, SessionsEnded, User};
pub use suspension::{reinstate, suspend};
