//! What handlers take out of a request. Each refuses with a problem whose words are ours, never a library's.

mod body;
mod fields;
mod headers;
mod json;
mod path;
mod query;
mod request;
mod upload;

pub(crate) use body::most_bytes;
pub use body::{MAX_BODY_BYTES, Room, read as read_body};
pub use headers::{IdempotencyKey, IfMatch, etag, has, unchanged};
pub use json::Json;
pub use path::Path;
pub use query::Query;
pub(crate) use request::{Asked, traceparent};
pub use request::{RequestInfo, asked_by, counted_as, signed_in_as};
pub use upload::Upload;
