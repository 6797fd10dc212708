//! A person: what their stream says they are, and what may happen to them. One command, or one pair of opposites,
//! a file.

mod deletion;
mod password;
mod profile;
mod register;
mod roles;
mod sessions;
mod state;
mod suspension;

pub use deletion::{close, delete, erase};
pub use password::{change_password, rehash};
pub use profile::change_profile;
pub use register::{Newcomer, create, register};
pub use roles::{grant, revoke};
pub use sessions::{revoke_other_sessions, revoke_sessions};
pub use state::{Person, SessionsEnded, User};
pub use suspension::{reinstate, suspend};
