//! What people send, parsed into what the domain can rely on. Each parser says what is wrong in one [`Flaw`]; a body's
//! flaws are gathered in [`Flaws`], so that one answer names every field.

mod address;
mod blocklist;
mod breached;
mod display_name;
mod expiry;
mod factor_code;
mod flaws;
mod letters;
mod password;
mod permissions;
mod picture;
mod policy;
mod reason;

pub(crate) use address::{Address, directory_key, words};
pub(crate) use breached::Breached;
pub use breached::BreachedError;
pub(crate) use display_name::display_name;
pub(crate) use expiry::expiry;
pub(crate) use factor_code::FactorCode;
pub(crate) use flaws::{Flaw, Flaws};
pub(crate) use password::{NewPassword, Password};
pub(crate) use permissions::permissions;
pub(crate) use picture::{PictureFile, picture};
pub(crate) use policy::PasswordPolicy;
pub(crate) use reason::reason;
