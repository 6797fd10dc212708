//! The log's handle.

use super::{AppendError, Appended, Follower, LogError, Stored};
use events::{LogId, Position, Record, StreamName, Version};

/// An open log. Clones share one writer, one pool of readers and one wake-up.
#[derive(Debug, Clone)]
pub struct Log {
    id: LogId,
}

impl Log {
    /// Applies the migrations that are missing; makes the log when there is none. Saying it twice changes nothing.
    pub async fn migrate(url: &str) -> Result<(), LogError> {
        unimplemented!("{url}")
    }

    /// Opens a migrated log.
    pub async fn open(url: &str) -> Result<Self, LogError> {
        unimplemented!("{url}")
    }

    /// The log's name for itself, given once when it was made.
    #[must_use]
    pub const fn id(&self) -> LogId {
        self.id
    }

    /// Appends records to a stream that is at version `expected`.
    ///
    /// MUST NOT return before they are durable. Records that are already there at those versions are a success
    /// with their first positions, so an append whose outcome is unknown is repeated as it was.
    pub async fn append(
        &self,
        stream: &StreamName,
        expected: Version,
        records: Vec<Record>,
    ) -> Result<Appended, AppendError> {
        unimplemented!("{stream} {expected} {records:?}")
    }

    /// The stream's records after a version, all of them; none when there is no such stream.
    pub async fn read_stream(&self, stream: &StreamName, after: Version) -> Result<Vec<Stored>, LogError> {
        unimplemented!("{stream} {after}")
    }

    /// The stream's last record.
    pub async fn read_last(&self, stream: &StreamName) -> Result<Option<Stored>, LogError> {
        unimplemented!("{stream}")
    }

    /// The records after a position, next by next, at most `limit` of them.
    pub async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Stored>, LogError> {
        unimplemented!("{after} {limit}")
    }

    /// The records at these positions, in position order; positions that the log does not hold are left out.
    pub async fn read_at(&self, positions: &[Position]) -> Result<Vec<Stored>, LogError> {
        unimplemented!("{positions:?}")
    }

    /// The last position.
    pub async fn head(&self) -> Result<Position, LogError> {
        unimplemented!()
    }

    /// Follows the log after a position: catches up first, then goes on as records are appended, here or by
    /// another process.
    #[must_use]
    pub fn follow(&self, after: Position) -> Follower {
        unimplemented!("{after}")
    }

    /// Takes no more appends, commits those that were taken, and lets go of the engine.
    pub async fn close(&self) {
        unimplemented!()
    }
}
