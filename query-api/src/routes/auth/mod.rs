//! What people ask about themselves.

pub(crate) mod me;
pub(crate) mod sessions;
