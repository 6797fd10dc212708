//! Following the log: catching up first, then live.

use super::{Log, LogError, Stored};
use events::Position;
use std::time::Duration;
use tokio::{sync::watch, time};

/// How soon another process's append is looked for after the last one was found …
const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// … and how late at most, when nothing happens for long.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// An endless reader of the log, from a position on. It holds nothing but its position between two reads, so a
/// slow one costs no memory.
#[derive(Debug)]
pub struct Follower {
    log: Log,
    after: Position,
    committed: watch::Receiver<Position>,
    /// How long to wait before the next look for what another process appended.
    pause: Duration,
}

impl Follower {
    pub(super) const fn new(log: Log, after: Position, committed: watch::Receiver<Position>) -> Self {
        Self { log, after, committed, pause: FIRST_PAUSE }
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
        loop {
            // Where all that this process committed was handed out, a read would most likely find nothing, and reads
            // of nothing would be as many as those of something: whether others appended is for `wait` to find out.
            if *self.committed.borrow() == self.after {
                self.wait().await?;
            }
            let batch = self.log.read_all(self.after, limit.max(1)).await?;
            if let Some(last) = batch.last() {
                self.after = last.position;
                return Ok(batch);
            }
            self.wait().await?;
        }
    }

    /// Waits until the log goes further. Appends of this process wake at once; those of others are found by
    /// asking for the head, since a notification inside their commits would cost every append. That appends of this
    /// process follow each other says nothing about others', so only one that was found makes the pauses short again.
    async fn wait(&mut self) -> Result<(), LogError> {
        let after = self.after;
        loop {
            let committed = self.committed.wait_for(|head| *head > after);
            match time::timeout(self.pause, committed).await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(_)) => return Err(LogError::Closed),
                Err(_) => self.pause = (self.pause * 2).min(LONGEST_PAUSE),
            }
            let head = self.log.head().await?;
            if head > after {
                self.pause = FIRST_PAUSE;
                return Ok(());
            }
            if head < after {
                return Err(LogError::Behind { head, after });
            }
        }
    }
}
