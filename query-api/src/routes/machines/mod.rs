//! What machines ask: no caller, no version in the path.

pub(crate) mod health;
pub(crate) mod jwks;
pub(crate) mod metrics;
