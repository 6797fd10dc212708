//! Records to append. Their facts are of a type that nobody knows, as the log does not look inside.

use bytes::Bytes;
use events::{EventId, LogId, Record, StreamName, Version};
use serde_json::json;
use std::hash::{BuildHasher, RandomState};
use uuid::Uuid;

/// A number that no other test draws.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one("")
}

pub(crate) fn stream(name: &str) -> StreamName {
    name.parse().expect("a stream name")
}

/// The record of a stream at a version, with an id of its own.
pub(crate) fn record(log: LogId, stream: &StreamName, version: u64) -> Record {
    sized(log, stream, version, 0)
}

/// A record whose data is padded by so many bytes.
pub(crate) fn sized(log: LogId, stream: &StreamName, version: u64, padding: usize) -> Record {
    let id = EventId(Uuid::from_u64_pair(random(), random()));
    at(log, stream, version, id, "2026-11-23T12:00:00.000000Z", padding)
}

/// A record with this id.
pub(crate) fn with_id(log: LogId, stream: &StreamName, version: u64, id: EventId) -> Record {
    at(log, stream, version, id, "2026-11-23T12:00:00.000000Z", 0)
}

/// A record that claims this time.
pub(crate) fn timed(log: LogId, stream: &StreamName, version: u64, time: &str) -> Record {
    at(log, stream, version, EventId(Uuid::from_u64_pair(random(), random())), time, 0)
}

fn at(log: LogId, stream: &StreamName, version: u64, id: EventId, time: &str, padding: usize) -> Record {
    let document = json!({
        "specversion": "1.0", "id": id, "source": format!("urn:evident:log:{log}"), "type": "test.happened.v1",
        "subject": stream.as_str(), "time": time, "datacontenttype": "application/json",
        "streamversion": Version(version), "actor": "system", "correlationid": "test",
        "salt": "AAAAAAAAAAAAAAAAAAAAAA==", "data": { "padding": "é ".repeat(padding / 3) },
    });
    Record::parse(Bytes::from(document.to_string())).expect("a record")
}
