//! The history.

pub(crate) mod export;
pub(crate) mod list;
pub(crate) mod one;
