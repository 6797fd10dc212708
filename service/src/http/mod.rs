//! HTTP as every process speaks it: `frame` around the routes, `serve` under them.

mod admission;
mod answer;
mod cors;
mod door;
mod frame;
mod limits;
mod observe;
mod serve;
mod tls;
mod transport;

pub use door::Door;
pub use frame::{Frame, frame};
pub use limits::Limits;
pub use serve::serve;
pub use tls::{Tls, TlsError};
