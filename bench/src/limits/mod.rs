//! What the machine could do if there were nothing of ours in the way.

pub(crate) mod argon2;
pub(crate) mod axum;
pub(crate) mod rows;
pub(crate) mod upserts;
