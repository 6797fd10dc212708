//! How facts are kept and carried: the log, which is the truth; the vault, which holds what must be able to go; the bus,
//! which brings the log's tail to other processes, and the relay, which puts it there.

pub mod bus;
pub mod log;
pub mod relay;
pub mod trace;
pub mod vault;

mod away;

use away::is_away;
