//! Decides. `domain` says what may happen, the one loop reads, decides and appends, `routes` speak HTTP.

pub mod domain;
pub mod hashing;
