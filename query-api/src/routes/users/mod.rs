//! People, and what is about them.

pub(crate) mod export;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod one;
pub(crate) mod picture;
pub(crate) mod sessions;
