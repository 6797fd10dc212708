//! The event log: every record once, in one order, for ever.
//!
//! [`Log`] is the port; its engines are SQLite, PostgreSQL and KurrentDB. Appends of one process are committed in groups
//! (`group_commit`), readers follow by position (`follow`). What is in a record is the `events` crate's business.

mod answers;
mod engine;
mod errors;
mod event_log;
mod follow;
mod group_commit;
mod guards;
#[cfg(feature = "kurrentdb")]
mod kurrentdb;
mod postgres;
mod recent;
mod sqlite;

pub use answers::{Appended, Stored};
pub use errors::{AppendError, EngineError, LogError};
pub use event_log::Log;
pub use follow::Follower;
pub use guards::Guard;

/// The most records that one append may carry.
pub const MAX_APPEND_RECORDS: usize = 1_000;

/// The most records that one stream is read to. Streams are short by design; a longer one is a mistake.
pub const MAX_STREAM_RECORDS: usize = 10_000;

/// The most records that one read of the whole log answers with, whatever is asked for.
pub const MAX_PAGE_RECORDS: usize = 10_000;
