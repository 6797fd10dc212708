//! HTTP as every process speaks it: `frame` around the routes, `serve` under them.

mod admission;
mod answer;
mod cors;
mod frame;
mod limits;
mod observe;
mod serve;

pub use frame::{Frame, frame};
pub use limits::Limits;
pub use serve::serve;
