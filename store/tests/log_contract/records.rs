//! Records to append. Their facts are of a type that nobody knows, as the log does not look inside.

use bytes::Bytes;
use events::{EventId, LogId, Position, Record, StreamName, Version};
use serde_json::json;
use std::hash::{BuildHasher, RandomState};
use store::log::{Log, MAX_PAGE_RECORDS};
use uuid::Uuid;

/// Where the records of a log lie. Tests count records from 1, as dense positions do, and ask here which position that
/// is, so that they say the same of every engine.
pub(crate) struct Places(Vec<Position>);

impl Places {
    /// Reads all of a log, and holds that positions grow, and are dense where the engine says so.
    pub(crate) async fn of(log: &Log) -> Self {
        let read = log.read_all(Position::START, MAX_PAGE_RECORDS).await.expect("read");
        let places: Vec<Position> = read.into_iter().map(|stored| stored.position).collect();
        assert!(places.is_sorted_by(|before, after| before < after));
        assert!(!places.contains(&Position::START));
        if log.positions_are_dense() {
            assert!((1..).map(Position).take(places.len()).eq(places.iter().copied()));
        }
        assert_eq!(log.head().await.expect("head"), places.last().copied().unwrap_or_default());
        Self(places)
    }

    /// How many records there are.
    pub(crate) fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// The position of the nth record. Beyond the last one it is a position where nothing lies yet.
    pub(crate) fn at(&self, nth: u64) -> Position {
        let last = self.0.last().map_or(0, |last| last.0);
        match nth.checked_sub(1) {
            None => Position::START,
            Some(index) => self.0.get(index as usize).copied().unwrap_or(Position(last + nth - self.count())),
        }
    }

    /// Which record lies at a position.
    pub(crate) fn nth(&self, position: Position) -> u64 {
        self.0.iter().position(|place| *place == position).expect("a record's position") as u64 + 1
    }

    /// The same of several.
    pub(crate) fn numbers<'a>(&self, positions: impl IntoIterator<Item = &'a Position>) -> Vec<u64> {
        positions.into_iter().map(|position| self.nth(*position)).collect()
    }
}

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

/// A record with this id, written a second later: other bytes.
pub(crate) fn retold(log: LogId, stream: &StreamName, version: u64, id: EventId) -> Record {
    at(log, stream, version, id, "2026-11-23T12:00:01.000000Z", 0)
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
