//! Follows the log and keeps the read models to it: live, rebuilt beside the live ones, checked, and retried. Reactors
//! follow it too, and do what is to be done about what happened.
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
pub mod reactors;
mod rebuild;
mod retry;
mod retrying;

pub use check::{Compared, check};
pub use error::ProjectorError;
pub use follow::run;
pub use rebuild::{flip_back, rebuild};
pub use retry::retry;
