//! Follows the log and keeps the read models to it: live, rebuilt beside the live ones, checked, and retried.
//!
//! What a fact changes in a table is `read-models`; how records are kept and keys guarded is `store`. Here is only how
//! the one gets into the other: in batches, in order, once.

mod apply;
mod beside;
mod check;
mod error;
mod feed;
mod follow;
mod metrics;
mod open;
mod rebuild;
mod retry;

pub use check::{Compared, check};
pub use error::ProjectorError;
pub use follow::run;
pub use rebuild::{flip_back, rebuild};
pub use retry::retry;
