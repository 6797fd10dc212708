//! The history as people read it. How it is filtered is `read-models`; the bytes themselves are the log's.

mod export;
mod item;
mod page;
mod summary;

pub(crate) use export::file;
pub(crate) use item::{AuditEvent, opened};
pub(crate) use page::{find, page};
