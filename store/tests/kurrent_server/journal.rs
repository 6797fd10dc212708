//! What the test server keeps: one file of appends, each written and flushed whole before it is acknowledged.
//!
//! An event's position is a place in that file, as in the real server: in order, unique, and full of gaps. Events of
//! the server's own lie first and in between.

use super::wire::{Expected, Proposed, Recorded, StreamIdentifier, Uuid, UuidValue};
use bytes::Bytes;
use prost::Message;
use std::{
    collections::HashMap,
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
};

/// After so many events the server notes one of its own.
const OWN_EVERY: usize = 5;
/// Before each append: how long it is. Positions count from the file's beginning, this included.
const LENGTH_BYTES: usize = 4;

/// All events, in memory and in the file.
pub(crate) struct Journal {
    file: File,
    length: u64,
    events: Vec<Recorded>,
    streams: HashMap<Bytes, Vec<usize>>,
    /// The server's version says whether reads of a stream tell positions.
    pub(crate) tells_positions: bool,
    /// Appends to this stream are refused for good.
    pub(crate) poisoned: Option<Bytes>,
    /// Appends to this stream are not for this user.
    pub(crate) forbidden: Option<Bytes>,
}

/// One append, as it lies in the file.
#[derive(Clone, PartialEq, Message)]
struct Written {
    #[prost(message, repeated, tag = "1")]
    events: Vec<Recorded>,
}

/// What an append came to.
pub(crate) enum Outcome {
    /// The last event's revision and position.
    Done { revision: u64, position: u64 },
    /// The last revision of the stream, if there is one.
    WrongVersion { current: Option<u64> },
}

impl Journal {
    /// Opens the file; what a crash cut off at its end was never acknowledged, and goes.
    pub(crate) fn open(path: &Path) -> Self {
        let file = File::options().create(true).truncate(false).read(true).write(true).open(path);
        let mut file = file.expect("the journal opens");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("the journal is read");
        let mut journal = Self {
            file,
            length: 0,
            events: Vec::new(),
            streams: HashMap::new(),
            tells_positions: true,
            poisoned: None,
            forbidden: None,
        };
        let mut rest = bytes.as_slice();
        while let Some((length, tail)) = rest.split_at_checked(LENGTH_BYTES) {
            let length = u32::from_le_bytes(length.try_into().expect("four bytes")) as usize;
            let Some((written, tail)) = tail.split_at_checked(length) else { break };
            journal.keep(Written::decode(written).expect("an append of ours").events);
            journal.length += (LENGTH_BYTES + length) as u64;
            rest = tail;
        }
        journal.file.set_len(journal.length).expect("the torn end goes");
        journal.file.seek(SeekFrom::End(0)).expect("the end");
        if journal.events.is_empty() {
            journal.note_own();
        }
        journal
    }

    /// As the real server checks: an exact version, under which the same ids are a success.
    pub(crate) fn append(&mut self, stream: &Bytes, expected: Expected, proposed: Vec<Proposed>) -> Outcome {
        let places = self.streams.get(stream).map_or(&[][..], Vec::as_slice);
        let current = (places.len() as u64).checked_sub(1);
        let first = match expected {
            Expected::Any(()) => places.len(),
            Expected::NoStream(()) => 0,
            Expected::Revision(revision) => revision as usize + 1,
            Expected::StreamExists(()) if places.is_empty() => return Outcome::WrongVersion { current },
            Expected::StreamExists(()) => places.len(),
        };
        if first < places.len() {
            let there = places[first..].iter().take(proposed.len()).map(|nth| id_of(&self.events[*nth].id));
            if !proposed.iter().map(|event| id_of(&event.id)).eq(there) {
                return Outcome::WrongVersion { current };
            }
            let last = first + proposed.len() - 1;
            return Outcome::Done { revision: last as u64, position: self.events[places[last]].commit };
        }
        if first > places.len() {
            return Outcome::WrongVersion { current };
        }
        let recorded = (first as u64..).zip(proposed).map(|(revision, event)| Recorded {
            id: event.id,
            stream: Some(StreamIdentifier { stream_name: stream.clone() }),
            revision,
            prepare: 0,
            commit: 0,
            metadata: event.metadata,
            custom_metadata: event.custom_metadata,
            data: event.data,
        });
        self.write(recorded.collect());
        let last = self.events.last().expect("just written");
        let outcome = Outcome::Done { revision: last.revision, position: last.commit };
        if self.events.len().is_multiple_of(OWN_EVERY) {
            self.note_own();
        }
        outcome
    }

    /// A stream's events in order, if there is such a stream.
    pub(crate) fn stream(&self, stream: &Bytes) -> Option<Vec<&Recorded>> {
        let places = self.streams.get(stream)?;
        Some(places.iter().map(|nth| &self.events[*nth]).collect())
    }

    /// All events in order.
    pub(crate) fn all(&self) -> &[Recorded] {
        &self.events
    }

    /// Where the file ends.
    pub(crate) const fn end(&self) -> u64 {
        self.length
    }

    /// Forgets an event in memory, as a scavenge would after somebody truncated its stream.
    pub(crate) fn lose(&mut self, position: u64) {
        let kept: Vec<Recorded> = self.events.drain(..).filter(|event| event.commit != position).collect();
        self.streams.clear();
        self.keep(kept);
    }

    fn note_own(&mut self) {
        let stream = Bytes::from_static(b"$$$stats-127.0.0.1:2113");
        let revision = self.streams.get(&stream).map_or(0, Vec::len) as u64;
        let metadata = [("type", "$statsCollected"), ("content-type", "application/json")];
        self.write(vec![Recorded {
            id: Some(Uuid {
                value: Some(UuidValue::Text(uuid::Uuid::from_u128(revision.into()).to_string())),
            }),
            stream: Some(StreamIdentifier { stream_name: stream }),
            revision,
            prepare: 0,
            commit: 0,
            metadata: metadata.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            custom_metadata: Bytes::new(),
            data: Bytes::from_static(b"{}"),
        }]);
    }

    /// Writes events as one append, flushes it, and only then shows them.
    fn write(&mut self, mut events: Vec<Recorded>) {
        let mut place = self.length;
        for event in &mut events {
            let length = event.encoded_len() as u64;
            (event.commit, event.prepare) = (place, place);
            place += length;
        }
        let written = Written { events };
        let mut bytes = (written.encoded_len() as u32).to_le_bytes().to_vec();
        written.encode(&mut bytes).expect("room");
        self.file.write_all(&bytes).and_then(|()| self.file.sync_data()).expect("the journal is written");
        self.length += bytes.len() as u64;
        self.keep(written.events);
    }

    fn keep(&mut self, events: Vec<Recorded>) {
        for event in events {
            let stream = event.stream.as_ref().map(|stream| stream.stream_name.clone()).unwrap_or_default();
            self.streams.entry(stream).or_default().push(self.events.len());
            self.events.push(event);
        }
    }
}

/// An id whichever way it is written.
fn id_of(id: &Option<Uuid>) -> uuid::Uuid {
    match id.as_ref().and_then(|id| id.value.as_ref()).expect("an id") {
        UuidValue::Structured(halves) => uuid::Uuid::from_u64_pair(halves.most as u64, halves.least as u64),
        UuidValue::Text(text) => text.parse().expect("a UUID"),
    }
}
