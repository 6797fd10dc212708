//! The log's handle.

use super::{
    AppendError, Appended, Follower, Guard, LogError, MAX_PAGE_RECORDS, MAX_STREAM_RECORDS, Stored,
    engine::{self, Readers, stored, to_sql},
    group_commit::GroupCommit,
};
use crate::bus::{Bus, Tail};
use events::{LogId, Position, Record, StreamName, Version};

/// An open log. Clones share one writer, one pool of readers and one wake-up.
#[derive(Debug, Clone)]
pub struct Log {
    id: LogId,
    readers: Readers,
    writer: GroupCommit,
    carrier: Option<Tail>,
}

impl Log {
    /// Applies the migrations that are missing; makes the log when there is none. Saying it twice changes nothing.
    ///
    /// # Errors
    /// [`LogError::UnknownEngine`] or [`LogError::EngineLeftOut`] for the URL, [`LogError::Migration`] when one cannot be applied,
    /// [`LogError::Unavailable`] when the engine does not answer.
    pub async fn migrate(url: &str) -> Result<(), LogError> {
        engine::migrate(url).await
    }

    /// Opens a migrated log: `sqlite:PATH`, `postgres://…`, `esdb://…` or `kurrentdb://…`. Refuses at once when the engine cannot be reached.
    ///
    /// # Errors
    /// As [`Log::migrate`], and [`LogError::NotMigrated`] when the log is missing or older than this version of Evident.
    pub async fn open(url: &str) -> Result<Self, LogError> {
        let (id, readers, writer) = engine::open(url).await?;
        let head = readers.head().await?;
        let dense = readers.positions_are_dense();
        Ok(Self { id, readers, writer: GroupCommit::start(id, writer, head, dense), carrier: None })
    }

    /// The log's name for itself, given once when it was made.
    #[must_use]
    pub const fn id(&self) -> LogId {
        self.id
    }

    /// Whether positions are next by next, so that between two of them lie as many records as their difference says.
    /// Otherwise they are in order and unique, and nothing else.
    #[must_use]
    pub const fn positions_are_dense(&self) -> bool {
        self.readers.positions_are_dense()
    }

    /// Appends records to a stream that is at version `expected`.
    ///
    /// MUST NOT return before they are durable. Records that are already there at those versions are a success
    /// with their first positions, so an append whose outcome is unknown is repeated as it was.
    ///
    /// # Errors
    /// [`AppendError::Stale`] when the stream is at another version, [`AppendError::IdReused`] when one of the ids is another
    /// record's; [`AppendError::Overloaded`] when the queue is full, and [`AppendError::Broken`] when the engine fails: only
    /// after the last may the records be there all the same.
    pub async fn append(
        &self,
        stream: &StreamName,
        expected: Version,
        records: Vec<Record>,
    ) -> Result<Appended, AppendError> {
        self.writer.append(stream, expected, Vec::new(), records).await
    }

    /// As [`Log::append`], if each guard holds too at the moment of the append: then whatever the decision was made from
    /// comes before it in the log, and nothing that would have changed it. At most a hundred guards.
    ///
    /// On KurrentDB, which knows no condition on another stream, the guards are looked at right before the append.
    ///
    /// # Errors
    /// [`AppendError::Moved`] when one does not hold, also for records that are there already.
    pub async fn append_guarded(
        &self,
        stream: &StreamName,
        expected: Version,
        guards: Vec<Guard>,
        records: Vec<Record>,
    ) -> Result<Appended, AppendError> {
        self.writer.append(stream, expected, guards, records).await
    }

    /// The stream's records after a version, all of them; none when there is no such stream.
    ///
    /// # Errors
    /// [`LogError::StreamTooLong`] when they are more than 10,000.
    pub async fn read_stream(&self, stream: &StreamName, after: Version) -> Result<Vec<Stored>, LogError> {
        let rows = self.readers.stream(stream, after).await?;
        if rows.len() > MAX_STREAM_RECORDS {
            return Err(LogError::StreamTooLong { stream: stream.clone() });
        }
        rows.into_iter().map(|row| stored(self.id, row)).collect()
    }

    /// The stream's last record.
    pub async fn read_last(&self, stream: &StreamName) -> Result<Option<Stored>, LogError> {
        self.readers.last(stream).await?.map(|row| stored(self.id, row)).transpose()
    }

    /// The records after a position, in order, at most `limit` of them and never more than 10,000.
    ///
    /// # Errors
    /// [`LogError::Gap`] when dense positions are not next by next: nothing is ever skipped. Where they are not dense,
    /// [`LogError::NoRecordAt`] when no record lies at `after`.
    pub async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Stored>, LogError> {
        let limit = limit.min(MAX_PAGE_RECORDS) as u64;
        let rows = self.readers.all(after, to_sql(limit)).await?;
        let mut expected = after.next();
        let mut page = Vec::with_capacity(rows.len());
        for row in rows {
            let next = stored(self.id, row)?;
            let follows = match self.positions_are_dense() {
                true => next.position == expected,
                false => next.position >= expected,
            };
            if !follows {
                return Err(LogError::Gap { expected, found: next.position });
            }
            expected = next.position.next();
            page.push(next);
        }
        Ok(page)
    }

    /// As [`Log::read_all`], of what this process committed lately: none when the engine has to be asked.
    pub(super) fn read_recent(&self, after: Position, limit: usize) -> Vec<Stored> {
        self.writer.recent(after, limit)
    }

    /// The records at these positions, in position order; positions that the log does not hold are left out.
    pub async fn read_at(&self, positions: &[Position]) -> Result<Vec<Stored>, LogError> {
        let rows = self.readers.at(positions).await?;
        rows.into_iter().map(|row| stored(self.id, row)).collect()
    }

    /// The last position.
    pub async fn head(&self) -> Result<Position, LogError> {
        self.readers.head().await
    }

    /// Follows the log after a position: catches up first, then goes on as records are appended, here or by
    /// another process.
    #[must_use]
    pub fn follow(&self, after: Position) -> Follower {
        Follower::new(self.clone(), after, self.writer.committed(), self.carrier.clone())
    }

    /// The same log; its followers are told over the bus what others append, and ask the log for what the bus has not.
    ///
    /// MUST be called within a tokio runtime. What it starts ends with the last clone of the handle and its followers.
    #[must_use]
    pub fn carried_by(&self, bus: &Bus) -> Self {
        Self { carrier: Some(bus.tail(self.id)), ..self.clone() }
    }

    /// The same log; its followers ask nobody but the log.
    pub(crate) fn uncarried(&self) -> Self {
        Self { carrier: None, ..self.clone() }
    }

    /// How many connections for reading are open, and how many of them are idle; none where there is no pool of them.
    #[must_use]
    pub fn connections(&self) -> Option<(usize, usize)> {
        self.readers.connections()
    }

    /// Takes no more appends, commits those that were taken, and lets go of the engine.
    pub async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }
}
