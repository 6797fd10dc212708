//! Appending: each request by itself, many at a time, those of one stream one after another.
//!
//! The server holds the exact version: what is there already at those versions, under the same ids, is a success.
//! It looks at no other stream and no other version, so an id that is used elsewhere goes unnoticed here.

use super::{
    super::{
        LogError,
        group_commit::{Request, Verdict},
    },
    Connection, Readers, UNTOLD,
    connection::Failure,
    place, reader,
};
use bytes::Bytes;
use events::{Position, Record, Version};
use eventstore::{
    AppendToStreamOptions, CurrentRevision, Error, EventData, RecordedEvent, StreamState, WriteResult,
};
use futures_util::{StreamExt, stream::iter};
use serde_json::{json, value::RawValue};
use std::{collections::HashMap, sync::Arc};
use tokio::time::Instant;

/// How many appends are under way at a time. One alone takes a delayed acknowledgement of TCP, up to 40 ms.
const AT_A_TIME: usize = 64;

/// The way to append.
#[derive(Debug)]
pub(in super::super) struct Writer(Connection);

/// The server said that records are appended, and shows others in their place.
#[derive(Debug, thiserror::Error)]
#[error("the server acknowledged records that are not there")]
struct Contradiction;

impl Writer {
    pub(super) fn new(readers: Readers) -> Self {
        Self(readers.connection)
    }

    pub(in super::super) async fn append(&mut self, batch: &[Request]) -> Vec<Verdict> {
        let until = Connection::deadline();
        let mut queues: HashMap<&str, Vec<usize>> = HashMap::new();
        for (nth, request) in batch.iter().enumerate() {
            queues.entry(request.stream.as_str()).or_default().push(nth);
        }
        let queues = iter(queues.into_values().map(|queue| self.append_in_turn(batch, queue, until)));
        let answered: Vec<Vec<(usize, Verdict)>> = queues.buffer_unordered(AT_A_TIME).collect().await;
        let mut answered: Vec<(usize, Verdict)> = answered.into_iter().flatten().collect();
        answered.sort_unstable_by_key(|(nth, _)| *nth);
        answered.into_iter().map(|(_, verdict)| verdict).collect()
    }

    #[expect(
        clippy::unused_self,
        reason = "every engine's writer is closed; this one shares its readers' connection"
    )]
    pub(in super::super) fn close(self) {}

    /// The requests of one stream, which must see each other. When the server is away for one of them it is for all.
    async fn append_in_turn(
        &self,
        batch: &[Request],
        queue: Vec<usize>,
        until: Instant,
    ) -> Vec<(usize, Verdict)> {
        let mut answered = Vec::with_capacity(queue.len());
        let mut away = None;
        for nth in queue {
            let verdict = match away.clone() {
                Some(error) => Verdict::Broken(error),
                None => self.append_one(&batch[nth], until).await.unwrap_or_else(Verdict::Broken),
            };
            if let Verdict::Broken(error @ LogError::Unavailable(_)) = &verdict {
                away = Some(error.clone());
            }
            answered.push((nth, verdict));
        }
        answered
    }

    async fn append_one(&self, request: &Request, until: Instant) -> Result<Verdict, LogError> {
        for guard in &request.guards {
            // The server knows no condition on another stream. Between this look and the append somebody may be faster.
            if reader::version(&self.0, until, &guard.stream).await? != guard.version {
                return Ok(Verdict::Moved);
            }
        }
        let name = &Bytes::from(self.0.stream(request.stream.as_str()));
        let events = &request.records.iter().map(event).collect::<Result<Vec<_>, _>>()?;
        let at = match request.expected.0.checked_sub(1) {
            None => StreamState::NoStream,
            Some(revision) => StreamState::StreamRevision(revision),
        };
        let options = &AppendToStreamOptions::default().stream_state(at).requires_leader(true);
        let written = self.0.attempt(until, |client| async move {
            client.append_to_stream(name.clone(), options, events.clone()).await
        });
        match written.await {
            Ok(written) => self.appended(request, written, until).await,
            Err(Failure::Said(Error::WrongExpectedVersion { current, .. })) => {
                self.refused(request, current, until).await
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// The server answers with one place, the last record's: those before it are read.
    async fn appended(
        &self,
        request: &Request,
        written: WriteResult,
        until: Instant,
    ) -> Result<Verdict, LogError> {
        let told = written.position.commit;
        let whole = written.position.prepare == told && !UNTOLD.contains(&told);
        if whole && request.records.len() == 1 && written.next_expected_version == request.expected.0 {
            return Ok(Verdict::Appended(vec![Position(told)]));
        }
        let there = self.there(request, until).await?;
        let positions = said_before(request, &there)?;
        positions.map(Verdict::Appended).ok_or_else(|| LogError::Refused(Arc::new(Contradiction)))
    }

    /// Somebody was faster, unless it was this very request.
    async fn refused(
        &self,
        request: &Request,
        current: CurrentRevision,
        until: Instant,
    ) -> Result<Verdict, LogError> {
        let actual = match current {
            CurrentRevision::NoStream => Version::NONE,
            CurrentRevision::Current(revision) => Version(revision).next(),
        };
        if actual <= request.expected {
            return Ok(Verdict::Stale(actual));
        }
        let there = self.there(request, until).await?;
        if let Some(positions) = said_before(request, &there)? {
            return Ok(Verdict::Appended(positions));
        }
        let known = request.records.iter().find(|record| there.iter().any(|event| event.id == record.id.0));
        Ok(known.map_or(Verdict::Stale(actual), |record| Verdict::IdReused(record.id)))
    }

    /// What lies where the request would put its records.
    async fn there(&self, request: &Request, until: Instant) -> Result<Vec<RecordedEvent>, LogError> {
        let name = self.0.stream(request.stream.as_str());
        reader::stream(&self.0, until, &name, request.expected.0, request.records.len()).await
    }
}

/// The places of a request's records, when it is they that lie there.
fn said_before(request: &Request, there: &[RecordedEvent]) -> Result<Option<Vec<Position>>, LogError> {
    let ours = request.records.iter().map(|record| record.id.0);
    if !ours.eq(there.iter().map(|event| event.id)) {
        return Ok(None);
    }
    there.iter().map(place).collect::<Result<_, _>>().map(Some)
}

/// The record's bytes as they are. Two of its attributes stand beside it again, where Kurrent's own tools look.
fn event(record: &Record) -> Result<EventData, LogError> {
    let unwritable = |error: serde_json::Error| LogError::Refused(Arc::new(error));
    let bytes = record.bytes();
    let data = match serde_json::from_slice::<&RawValue>(bytes) {
        Ok(raw) if raw.get().len() == bytes.len() => {
            EventData::json(&record.event_type, &raw).map_err(unwritable)?
        }
        Ok(_) | Err(_) => EventData::binary(&record.event_type, bytes.clone()),
    };
    let mut beside = json!({ "$correlationId": record.context.correlation_id });
    if let Some(cause) = record.context.causation_id {
        beside["$causationId"] = json!(cause);
    }
    data.id(record.id.0).metadata_as_json(&beside).map_err(unwritable)
}
