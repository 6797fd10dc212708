//! The bus: carries a copy of the log's tail to whoever follows, over NATS JetStream.
//!
//! The log stays the truth. What the bus has lost, or never had, is read from the log; so it may be away, purged or
//! deleted at any time, and costs nothing but the few milliseconds that it saves. Who writes the copy is `relay`; who
//! reads it is `log::Follower`, through `tail`.

mod carried;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod handle;
mod nats;
mod tail;

pub use error::BusError;
pub use handle::{Bus, BusState};

pub(crate) use carried::{Carried, chain};
pub(crate) use handle::Last;
pub(crate) use tail::{Reach, Tail};

/// The most records that are published before the first of them must be acknowledged.
pub(crate) const WINDOW_RECORDS: usize = 500;
