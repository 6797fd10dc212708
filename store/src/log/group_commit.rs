//! Group commit: the appends of one process share transactions, and so the disk's one costly step.
//!
//! One task owns the engine's writer. While it commits a batch, the next one gathers in its queue.

use super::{
    AppendError, Appended, Guard, LogError, MAX_APPEND_RECORDS, Stored, engine::Writer, guards,
    recent::Recent,
};
use events::{EventId, LogId, Position, Record, StreamName, Version};
use std::{
    collections::HashSet,
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::yield_now,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{Span, field::Empty, info_span};

/// How many appends may wait before the next one is turned away.
const QUEUE: usize = 4_096;
/// The most records in one transaction, and the most bytes: beyond either a larger batch is no faster.
const BATCH_RECORDS: usize = MAX_APPEND_RECORDS;
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// The most streams that one append may be guarded by: a session, its person, and their roles.
const MAX_GUARDS: usize = 100;
/// The longest that a batch waits for callers who are expected back.
const LONGEST_GATHERING: Duration = Duration::from_millis(1);

/// One append, waiting for its verdict.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) stream: StreamName,
    pub(super) expected: Version,
    pub(super) guards: Vec<Guard>,
    pub(super) records: Vec<Record>,
    answer: oneshot::Sender<Result<Appended, AppendError>>,
    /// What is recorded of the whole append, and of its wait for a commit.
    span: Span,
    waits: Span,
}

/// What the engine says of one request.
#[derive(Debug, Clone)]
pub(super) enum Verdict {
    /// It was appended just now, these very bytes, at these positions.
    Appended(Vec<Position>),
    /// It is in the log at these positions, and may have been since an earlier time: its ids are there, and its bytes may
    /// differ.
    There(Vec<Position>),
    /// Its stream is at this version.
    Stale(Version),
    /// The log holds this id elsewhere.
    IdReused(EventId),
    /// A stream that it was decided from is not where it was.
    Moved,
    /// This request failed, whatever became of its neighbours.
    #[cfg_attr(not(feature = "kurrentdb"), expect(dead_code, reason = "SQL engines commit a batch whole"))]
    Broken(LogError),
}

/// The way to the writer.
#[derive(Debug, Clone)]
pub(super) struct GroupCommit {
    log: LogId,
    queue: mpsc::Sender<Request>,
    committed: watch::Receiver<Position>,
    /// None where positions do not tell which record follows which.
    recent: Option<Recent>,
    closing: CancellationToken,
    running: TaskTracker,
}

impl GroupCommit {
    /// Starts the writer's task.
    pub(super) fn start(log: LogId, writer: Writer, head: Position, dense: bool) -> Self {
        let (queue, requests) = mpsc::channel(QUEUE);
        let (committing, committed) = watch::channel(head);
        let closing = CancellationToken::new();
        let running = TaskTracker::new();
        let recent = dense.then(Recent::default);
        let committer = Committer {
            writer,
            requests,
            committing,
            recent: recent.clone(),
            usual: 1,
            took: Duration::ZERO,
        };
        running.spawn(committer.run(closing.clone()));
        running.close();
        Self { log, queue, committed, recent, closing, running }
    }

    /// Sees when this process commits, and how far.
    pub(super) fn committed(&self) -> watch::Receiver<Position> {
        self.committed.clone()
    }

    /// The records right after a position, if this process committed them lately; none otherwise.
    pub(super) fn recent(&self, after: Position, limit: usize) -> Vec<Stored> {
        self.recent.as_ref().map(|recent| recent.after(after, limit)).unwrap_or_default()
    }

    /// Queues an append and waits for its verdict.
    pub(super) async fn append(
        &self,
        stream: &StreamName,
        expected: Version,
        guards: Vec<Guard>,
        records: Vec<Record>,
    ) -> Result<Appended, AppendError> {
        self.check(stream, expected, &guards, &records)?;
        let started = Instant::now();
        let (answer, verdict) = oneshot::channel();
        let span = info_span!(target: "trace", "append", records = records.len() as u64, failed = Empty);
        let waits = info_span!(target: "trace", parent: &span, "wait for the commit");
        let request =
            Request { stream: stream.clone(), expected, guards, records, answer, span: span.clone(), waits };
        self.queue.try_send(request).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => AppendError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => LogError::Closed.into(),
        })?;
        let verdict = verdict.await.unwrap_or(Err(LogError::Closed.into()));
        span.record("failed", verdict.is_err());
        metrics::histogram!("evident_log_append_seconds").record(started.elapsed());
        verdict
    }

    /// Holds what the engines take for granted: these records belong here and nowhere else.
    fn check(
        &self,
        stream: &StreamName,
        expected: Version,
        guards: &[Guard],
        records: &[Record],
    ) -> Result<(), AppendError> {
        if records.is_empty() {
            return Err(AppendError::Empty);
        }
        if records.len() > MAX_APPEND_RECORDS {
            return Err(AppendError::TooMany { count: records.len() });
        }
        if guards.len() > MAX_GUARDS {
            return Err(AppendError::TooManyGuards { count: guards.len() });
        }
        let mut version = expected;
        let mut ids = HashSet::with_capacity(records.len());
        for record in records {
            if !ids.insert(record.id) {
                return Err(AppendError::IdReused { id: record.id });
            }
            version = version.next();
            if record.log != self.log || record.stream != *stream || record.version != version {
                return Err(AppendError::Misfit { id: record.id });
            }
        }
        Ok(())
    }

    /// Takes no more appends and waits until those that were taken have their verdict.
    pub(super) async fn close(&self) {
        self.closing.cancel();
        self.running.wait().await;
    }
}

/// The task that owns the writer.
struct Committer {
    writer: Writer,
    requests: mpsc::Receiver<Request>,
    committing: watch::Sender<Position>,
    recent: Option<Recent>,
    /// How many requests the last batch held, and how long it took: what the next one can expect.
    usual: usize,
    took: Duration,
}

impl Committer {
    async fn run(mut self, closing: CancellationToken) {
        loop {
            let first = tokio::select! {
                biased;
                () = closing.cancelled(), if !self.requests.is_closed() => { self.requests.close(); continue }
                first = self.requests.recv() => first,
            };
            let Some(first) = first else { break };
            let batch = self.gather(first).await;
            let started = Instant::now();
            self.usual = batch.len();
            self.commit(batch).await;
            self.took = started.elapsed();
        }
        self.writer.close().await;
    }

    /// The first request and those that came with it.
    ///
    /// The callers of the last batch have just been answered and many are about to come again. Without a moment's
    /// patience the first of them would be committed alone and leave the others to wait for a disk of their own:
    /// so up to as many as came last time are waited for, but never for more than a quarter of what a commit takes.
    async fn gather(&mut self, first: Request) -> Vec<Request> {
        let started = Instant::now();
        let patience = (self.took / 4).min(LONGEST_GATHERING);
        while self.requests.len() + 1 < self.usual && started.elapsed() < patience {
            yield_now().await;
        }
        metrics::gauge!("evident_log_queue_depth").set(self.requests.len() as f64);
        let (mut records, mut bytes) = (0, 0);
        let mut batch = Vec::with_capacity(self.requests.len() + 1);
        let mut next = Some(first);
        while let Some(request) = next {
            records += request.records.len();
            bytes += request.records.iter().map(|record| record.bytes().len()).sum::<usize>();
            // Whoever has given up waiting does not want it done behind their back.
            if !request.answer.is_closed() {
                batch.push(request);
            }
            // The largest append still fits after any other, so both bounds are soft by one request.
            let full = records >= BATCH_RECORDS || bytes >= BATCH_BYTES;
            next = if full { None } else { self.requests.try_recv().ok() };
        }
        metrics::histogram!("evident_log_append_batch_size").record(records as f64);
        batch
    }

    /// Commits a batch and answers each request. When the engine refuses the batch, its halves are tried apart, so
    /// that one bad record fails its own request and no other.
    async fn commit(&mut self, batch: Vec<Request>) {
        let mut parts = guards::apart(batch);
        while let Some(mut part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            let commits = commits(&mut part);
            let outcome = self.writer.append(&part).await;
            drop(commits);
            match outcome {
                Ok(verdicts) => self.answer(part, verdicts),
                Err(LogError::Refused(_)) if part.len() > 1 => {
                    let second = part.split_off(part.len() / 2);
                    parts.extend([second, part]);
                }
                Err(error) => {
                    for request in part {
                        let _gone = request.answer.send(Err(error.clone().into()));
                    }
                }
            }
        }
    }

    fn answer(&self, requests: Vec<Request>, verdicts: Vec<Verdict>) {
        if let Some(recent) = &self.recent {
            recent.keep(committed(&requests, &verdicts));
        }
        // Followers are woken first: they have a read to do, the callers only an answer to give.
        let last = verdicts.iter().filter_map(Verdict::last).max();
        self.committing.send_if_modified(|head| match last {
            Some(last) if last > *head => {
                *head = last;
                true
            }
            Some(_) | None => false,
        });
        for (request, verdict) in requests.into_iter().zip(verdicts) {
            let Request { stream, expected, records, answer, .. } = request;
            let _gone = answer.send(match verdict {
                Verdict::Appended(positions) | Verdict::There(positions) => {
                    Ok(Appended { positions, version: Version(expected.0 + records.len() as u64) })
                }
                Verdict::Stale(actual) => {
                    metrics::counter!("evident_log_conflicts_total").increment(1);
                    Err(AppendError::Stale { stream, expected, actual })
                }
                Verdict::IdReused(id) => Err(AppendError::IdReused { id }),
                Verdict::Moved => {
                    metrics::counter!("evident_log_conflicts_total").increment(1);
                    Err(AppendError::Moved { stream })
                }
                Verdict::Broken(error) => Err(error.into()),
            });
        }
    }
}

/// What was appended just now, in the order of the log.
fn committed<'a>(requests: &'a [Request], verdicts: &'a [Verdict]) -> impl Iterator<Item = Stored> + 'a {
    requests.iter().zip(verdicts).flat_map(|(request, verdict)| {
        let positions: &[Position] = match verdict {
            Verdict::Appended(positions) => positions,
            Verdict::There(_)
            | Verdict::Stale(_)
            | Verdict::IdReused(_)
            | Verdict::Moved
            | Verdict::Broken(_) => &[],
        };
        let stored =
            |(position, record): (&Position, &Record)| Stored { position: *position, record: record.clone() };
        positions.iter().zip(&request.records).map(stored)
    })
}

impl Verdict {
    fn last(&self) -> Option<Position> {
        match self {
            Self::Appended(positions) | Self::There(positions) => positions.last().copied(),
            Self::Stale(_) | Self::IdReused(_) | Self::Moved | Self::Broken(_) => None,
        }
    }
}

/// Ends the waiting of these requests, and gives what is recorded of their commit.
fn commits(batch: &mut [Request]) -> Vec<Span> {
    let requests = batch.len() as u64;
    let begin = |request: &mut Request| {
        request.waits = Span::none();
        info_span!(target: "trace", parent: &request.span, "commit", requests)
    };
    batch.iter_mut().filter(|request| !request.span.is_none()).map(begin).collect()
}
