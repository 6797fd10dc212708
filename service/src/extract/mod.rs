//! What handlers take out of a request. Each refuses with a problem whose words are ours, never a library's.

mod body;
mod fields;
mod headers;
mod json;
mod path;
mod query;
mod request;

pub use body::{MAX_BODY_BYTES, read as read_body};
pub use headers::{IdempotencyKey, IfMatch, etag, unchanged};
pub use json::Json;
pub use path::Path;
pub use query::Query;
pub(crate) use request::Asked;
pub use request::{RequestInfo, counted_as, signed_in_as};
