//! Following the log: catching up first, then live.

use super::{Log, LogError, Stored};
use crate::bus::{Reach, Tail};
use events::Position;
use metrics::counter;
use std::time::Duration;
use tokio::{
    sync::watch,
    time::{self, Instant},
};

/// How soon another process's append is looked for after the last one was found …
const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// … and how late at most, when nothing happens for long.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// How soon the log is asked when the bus is live and has not brought what was read from the log already. Under load it
/// always is some milliseconds behind the log; who waits for it needs the log no more.
const BUS_PAUSE: Duration = Duration::from_millis(50);
/// How often the log is asked while the bus says that there is nothing: it may be wrong, and nobody waits long for it.
const CHECK_EVERY: Duration = Duration::from_millis(250);

/// An endless reader of the log, from a position on. It holds nothing but its position between two reads, so a
/// slow one costs no memory.
///
/// Where a bus carries the log, the next records are taken from what it brought as long as they join what was handed
/// out; else from the log itself. So there is no mode to be in: cold, behind, at a gap or live, each step asks anew.
#[derive(Debug)]
pub struct Follower {
    log: Log,
    after: Position,
    committed: watch::Receiver<Position>,
    tail: Option<Tail>,
    /// Whether the last read from the log did not get to its end, as far as is known.
    log_has_more: bool,
}

/// What ended a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Woken {
    /// The log is further.
    ByLog,
    /// The bus brought something.
    ByBus,
}

impl Follower {
    pub(super) const fn new(
        log: Log,
        after: Position,
        committed: watch::Receiver<Position>,
        tail: Option<Tail>,
    ) -> Self {
        Self { log, after, committed, tail, log_has_more: true }
    }

    /// The position up to which records were handed out.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.after
    }

    /// The next records, at most `limit` of them: waits until there is one, so it is never empty.
    ///
    /// After an error nothing is lost: the next call goes on where the last success ended. It may be cancelled.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Stored>, LogError> {
        let limit = limit.max(1);
        let mut woken = if self.log_has_more { Woken::ByLog } else { Woken::ByBus };
        loop {
            let batch = self.read(limit, woken).await?;
            if let Some(last) = batch.last() {
                self.after = last.position;
                return Ok(batch);
            }
            woken = self.wait().await?;
        }
    }

    /// What there is: from the bus, which costs nobody anything, else from the log. While the bus is live the log is
    /// asked only when it is known to have more; so a follower that has caught up lets the bus catch up with it.
    async fn read(&mut self, limit: usize, woken: Woken) -> Result<Vec<Stored>, LogError> {
        match self.reach(limit) {
            Reach::Records(batch) => {
                self.log_has_more = false;
                counter!("evident_follower_records_total", "source" => "bus").increment(batch.len() as u64);
                Ok(batch)
            }
            Reach::End | Reach::Behind if woken == Woken::ByBus => Ok(Vec::new()),
            // All that this process committed was handed out: a read would most likely find nothing, and reads of
            // nothing would be as many as those of something. Whether others appended is for `wait` to find out.
            Reach::Away if woken == Woken::ByBus && *self.committed.borrow() == self.after => Ok(Vec::new()),
            Reach::End | Reach::Behind | Reach::Ahead | Reach::Away => {
                let batch = self.log.read_recent(self.after, limit);
                if !batch.is_empty() {
                    counter!("evident_follower_records_total", "source" => "memory")
                        .increment(batch.len() as u64);
                    return Ok(batch);
                }
                let batch = self.log.read_all(self.after, limit).await?;
                self.log_has_more = batch.len() >= limit;
                counter!("evident_follower_records_total", "source" => "log").increment(batch.len() as u64);
                Ok(batch)
            }
        }
    }

    /// Waits until there is more. Appends of this process wake at once, those of others when the bus brings them.
    /// Without a bus, or when it is away or behind, they are found by asking for the head, since a notification inside
    /// their commits would cost every append.
    async fn wait(&mut self) -> Result<Woken, LogError> {
        let after = self.after;
        let (mut asked, mut times) = (Instant::now(), 0);
        loop {
            let patience = match self.reach(1) {
                Reach::Records(_) => return Ok(Woken::ByBus),
                Reach::Ahead => return Ok(Woken::ByLog),
                Reach::End => CHECK_EVERY,
                Reach::Behind => longer(BUS_PAUSE, times),
                Reach::Away => longer(FIRST_PAUSE, times),
            };
            tokio::select! {
                committed = self.committed.wait_for(|head| *head > after) => {
                    return committed.map(|_| Woken::ByLog).map_err(|_| LogError::Closed);
                }
                () = moved(&mut self.tail) => continue,
                () = time::sleep_until(asked + patience) => {}
            }
            let head = self.log.head().await?;
            if head > after {
                return Ok(Woken::ByLog);
            }
            if head < after {
                return Err(LogError::Behind { head, after });
            }
            (asked, times) = (Instant::now(), times + 1);
        }
    }

    fn reach(&mut self, limit: usize) -> Reach {
        match &mut self.tail {
            Some(tail) => tail.after(self.after, limit),
            None => Reach::Away,
        }
    }
}

/// A pause that doubles each time, up to the longest.
fn longer(pause: Duration, times: u32) -> Duration {
    pause.saturating_mul(2_u32.saturating_pow(times)).min(LONGEST_PAUSE)
}

async fn moved(tail: &mut Option<Tail>) {
    match tail {
        Some(tail) => tail.moved().await,
        None => std::future::pending().await,
    }
}
