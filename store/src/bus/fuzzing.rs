//! A door for `fuzz/`: a message as it comes from NATS. It is in no other build.

use super::nats::read_from;
use bytes::Bytes;
use events::LogId;
use uuid::Uuid;

/// Reads a message, by the headers that can be headers at all.
pub fn carried(headers: &[(String, String)], payload: &[u8]) {
    // Whether it is one of ours is all that is asked.
    drop(read_from(LogId(Uuid::from_u128(7)), 1, headers, Bytes::copy_from_slice(payload)));
}
