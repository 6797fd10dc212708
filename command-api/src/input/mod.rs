//! What people send, parsed into what the domain can rely on. Each parser says what is wrong in one [`Flaw`]; a body's
//! flaws are gathered in [`Flaws`], so that one answer names every field.

mod address;
mod blocklist;
mod display_name;
mod flaws;
mod letters;
mod password;
mod reason;

pub(crate) use address::{Address, directory_key, words};
pub(crate) use display_name::display_name;
pub(crate) use flaws::{Flaw, Flaws};
pub(crate) use password::{NewPassword, Password};
pub(crate) use reason::reason;
