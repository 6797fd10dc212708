//! What several processes share over Valkey (or Redis) and each keeps for itself without one: how often somebody may
//! ask, and answers that one of them has read already.
//!
//! Nothing that is kept there is needed: it may be emptied, killed and unreachable at any moment, and whoever asks it
//! goes on without (`valkey`). What the limits are is `class`, how they are counted `gcra` and, over there,
//! `script.lua`. What an answer is and when it is still true is not known here but to whoever shares it.

mod cache;
mod class;
mod gcra;
mod limiter;
mod local;
mod subscriber;
mod valkey;

pub use cache::SharedCache;
pub use class::Class;
pub use limiter::{Limiter, Who};
pub use subscriber::Subscriber;
pub use valkey::{InvalidValkeyUrl, Unreached, Valkey};

#[cfg(test)]
mod tests;
