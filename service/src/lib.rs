//! What every process does the same way: configuration, telemetry, HTTP, limits, problems, tokens, time.
//!
//! Nothing here knows how facts are kept (`store`), which of them may happen (`command-api`), or how they are shown
//! (`query-api`). It is the only place that reads the environment, the clock and the system's randomness.

pub mod api_key;
pub mod browser;
pub mod caller;
pub mod clock;
pub mod config;
pub mod cursor;
pub mod device;
pub mod extract;
pub mod http;
pub mod mail_token;
pub mod openapi;
pub mod position;
pub mod problem;
pub mod rate_limit;
pub mod security;
pub mod shared;
pub mod shown;
pub mod shutdown;
pub mod telemetry;
pub mod token;

mod opaque;

pub use caller::{Caller, Principal, ServiceCaller};
pub use clock::{Clock, Entropy};
pub use config::{Config, Secret};
pub use problem::{Code, FieldError, Problem};
