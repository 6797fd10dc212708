//! Reading: streams, `$all` in pages, and the head.

use super::{
    super::{
        LogError, MAX_STREAM_RECORDS,
        engine::{Row, to_sql},
    },
    Connection,
    connection::Failure,
    place,
};
use events::{Position, StreamName, Version};
use eventstore::{
    Error, ReadAllOptions, ReadStream, ReadStreamOptions, RecordedEvent, StreamPosition, SubscriptionFilter,
};
use futures_util::{StreamExt, TryStreamExt, stream::iter};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// How many events the server looks through at a time for some of ours.
const WINDOW: u32 = 1_000;
/// How many new records the head is looked for among, before it is looked for from the end.
const NEW_RECORDS: usize = 100;
/// How many single records are asked for at a time.
const AT_A_TIME: usize = 16;

/// Reads over the shared connection.
#[derive(Debug, Clone)]
pub(in super::super) struct Readers {
    pub(super) connection: Connection,
    seen: Arc<Mutex<Option<Seen>>>,
}

/// How far `$all` has been looked through.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// The last event in `$all`, whosever it is …
    end: Position,
    /// … and the last one of ours, up to there.
    head: Position,
}

/// A stream was shortened or lost events in its middle, which Evident never does.
#[derive(Debug, thiserror::Error)]
#[error("stream {stream} has event {found} where {expected} must be")]
struct Hole {
    stream: String,
    expected: u64,
    found: u64,
}

impl Readers {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, seen: Arc::default() }
    }

    pub(in super::super) async fn stream(
        &self,
        stream: &StreamName,
        after: Version,
    ) -> Result<Vec<Row>, LogError> {
        let name = self.connection.stream(stream.as_str());
        // Event 0 is version 1, so the next one has the number of the last version.
        let count = MAX_STREAM_RECORDS + 1;
        let found = self::stream(&self.connection, Connection::deadline(), &name, after.0, count).await?;
        found.into_iter().map(|event| self.row(event)).collect()
    }

    pub(in super::super) async fn last(&self, stream: &StreamName) -> Result<Option<Row>, LogError> {
        let found = last(&self.connection, Connection::deadline(), stream).await?;
        found.map(|event| self.row(event)).transpose()
    }

    /// A page after a position. It is read from that position on, so that a record which was lost is missed.
    pub(in super::super) async fn all(&self, after: Position, limit: i64) -> Result<Vec<Row>, LogError> {
        let limit = usize::try_from(limit).unwrap_or_default();
        if limit == 0 || after.0 > i64::MAX as u64 {
            return Ok(Vec::new());
        }
        if after == Position::START {
            let page = self.ours(StreamPosition::Start, limit).await?.unwrap_or_default();
            return page.into_iter().map(|event| self.row(event)).collect();
        }
        let page = self.from(after, limit.saturating_add(1)).await?;
        if let Some(page) = page {
            return page.into_iter().skip(1).map(|event| self.row(event)).collect();
        }
        // The reader is where nothing lies. Beyond the end there is nothing to read; a caller may also mean "from
        // this position on", and have said the number before it.
        if self.head().await? < to_sql(after.0) {
            return Ok(Vec::new());
        }
        let page = self.from(after.next(), limit).await?;
        page.ok_or(LogError::NoRecordAt { position: after })?
            .into_iter()
            .map(|event| self.row(event))
            .collect()
    }

    pub(in super::super) async fn at(&self, positions: &[Position]) -> Result<Vec<Row>, LogError> {
        let mut positions: Vec<Position> = positions.to_vec();
        positions.sort_unstable();
        positions.dedup();
        positions.retain(|position| (1..=i64::MAX as u64).contains(&position.0));
        let pages = iter(positions).map(|position| self.from(position, 1)).buffered(AT_A_TIME);
        let pages: Vec<_> = pages.try_collect().await?;
        pages.into_iter().flatten().flatten().map(|event| self.row(event)).collect()
    }

    /// The position of the last record.
    ///
    /// Asking for the last event of `$all` is cheap, and when it is still the same one, so is the last of ours.
    /// Otherwise what is new is looked through; never again what lies before it, which may be years of others' events.
    pub(in super::super) async fn head(&self) -> Result<i64, LogError> {
        let Some(end) = self.end().await? else { return Ok(0) };
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let head = match seen {
            Some(seen) if seen.end == end => return Ok(to_sql(seen.head.0)),
            Some(seen) if seen.end < end => self.newer(seen).await?,
            // The first look, or a log that was restored behind us.
            Some(_) | None => self.newest().await?,
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Seen { end, head });
        Ok(to_sql(head.0))
    }

    pub(in super::super) fn close(&self) {
        self.connection.close();
    }

    fn row(&self, event: RecordedEvent) -> Result<Row, LogError> {
        let prefix = self.connection.prefix();
        let stream = event.stream_id().strip_prefix(&prefix).unwrap_or_else(|| event.stream_id()).to_owned();
        // Event 0 is version 1.
        let version = to_sql(event.revision.saturating_add(1));
        Ok((to_sql(place(&event)?.0), stream, version, event.data.into()))
    }

    /// The last event of all, ours or not.
    async fn end(&self) -> Result<Option<Position>, LogError> {
        let options =
            ReadAllOptions::default().position(StreamPosition::End).max_count(1).requires_leader(true);
        let found = read_all(&self.connection, Connection::deadline(), options).await?;
        Ok(found.first().map(|event| Position(event.position.commit)))
    }

    /// The last record, looked for among what came after the last look.
    async fn newer(&self, seen: Seen) -> Result<Position, LogError> {
        let from = StreamPosition::Position(in_all(seen.end));
        match self.ours(from, NEW_RECORDS).await? {
            Some(page) if page.len() < NEW_RECORDS => page.last().map_or(Ok(seen.head), place),
            Some(_) | None => self.newest().await,
        }
    }

    /// The last record, looked for from the end.
    async fn newest(&self) -> Result<Position, LogError> {
        let page = self.ours(StreamPosition::End, 1).await?.unwrap_or_default();
        page.first().map_or(Ok(Position::START), place)
    }

    /// The records from one position on; `None` when no record of ours lies there.
    async fn from(&self, first: Position, limit: usize) -> Result<Option<Vec<RecordedEvent>>, LogError> {
        let page = self.ours(StreamPosition::Position(in_all(first)), limit).await?;
        Ok(page.filter(|page| page.first().is_some_and(|event| event.position == in_all(first))))
    }

    /// Records of `$all`, backwards from its end, else forwards. `None` when no event begins at that position.
    async fn ours(
        &self,
        from: StreamPosition<eventstore::Position>,
        limit: usize,
    ) -> Result<Option<Vec<RecordedEvent>>, LogError> {
        let prefix = self.connection.prefix();
        let filter = SubscriptionFilter::on_stream_name().add_prefix(&prefix).max(WINDOW);
        let options =
            ReadAllOptions::default().position(from).filter(filter).max_count(limit).requires_leader(true);
        match read_all(&self.connection, Connection::deadline(), options).await {
            Ok(mut page) => {
                page.retain(|event| event.stream_id().starts_with(&prefix));
                Ok(Some(page))
            }
            Err(failure) if failure.is_invalid_position() => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }
}

/// A stream's events from a number on, next by next; none when there is no such stream.
pub(super) async fn stream(
    connection: &Connection,
    until: Instant,
    name: &str,
    from: u64,
    limit: usize,
) -> Result<Vec<RecordedEvent>, LogError> {
    if from > i64::MAX as u64 {
        return Ok(Vec::new());
    }
    let options = ReadStreamOptions::default().position(StreamPosition::Position(from));
    let options = options.max_count(limit).requires_leader(true);
    let found = read_stream(connection, until, name, options).await?;
    for (expected, event) in (from..).zip(&found) {
        if event.revision != expected {
            let hole = Hole { stream: name.to_owned(), expected, found: event.revision };
            return Err(LogError::Corrupt { position: place(event)?, source: Arc::new(hole) });
        }
    }
    Ok(found)
}

/// At which version a stream is.
pub(super) async fn version(
    connection: &Connection,
    until: Instant,
    stream: &StreamName,
) -> Result<Version, LogError> {
    let last = last(connection, until, stream).await?;
    Ok(last.map_or(Version::NONE, |event| Version(event.revision).next()))
}

async fn last(
    connection: &Connection,
    until: Instant,
    stream: &StreamName,
) -> Result<Option<RecordedEvent>, Failure> {
    let name = connection.stream(stream.as_str());
    let options =
        ReadStreamOptions::default().position(StreamPosition::End).max_count(1).requires_leader(true);
    Ok(read_stream(connection, until, &name, options).await?.into_iter().next())
}

async fn read_stream(
    connection: &Connection,
    until: Instant,
    name: &str,
    options: ReadStreamOptions,
) -> Result<Vec<RecordedEvent>, Failure> {
    let options = &options;
    let read = connection
        .attempt(until, |client| async move { collect(client.read_stream(name, options).await?).await });
    match read.await {
        Err(Failure::Said(Error::ResourceNotFound)) => Ok(Vec::new()),
        read => read,
    }
}

async fn read_all(
    connection: &Connection,
    until: Instant,
    options: ReadAllOptions,
) -> Result<Vec<RecordedEvent>, Failure> {
    let options = &options;
    connection.attempt(until, |client| async move { collect(client.read_all(options).await?).await }).await
}

async fn collect(mut read: ReadStream) -> Result<Vec<RecordedEvent>, Error> {
    let mut events = Vec::new();
    while let Some(event) = read.next().await? {
        events.extend(event.event);
    }
    Ok(events)
}

const fn in_all(position: Position) -> eventstore::Position {
    eventstore::Position { commit: position.0, prepare: position.0 }
}
