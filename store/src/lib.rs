//! How facts are kept: the log, which is the truth, and the vault, which holds what must be able to go.

pub mod log;
pub mod vault;

mod away;

use away::is_away;
