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
}

impl Follower {
    pub(super) const fn new(log: Log, after: Position, committed: watch::Receiver<Position>) -> Self {
        Self { log, after, committed }
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
            let batch = self.log.read_all(self.after, limit.max(1)).await?;
            if let Some(last) = batch.last() {
                self.after = last.position;
                return Ok(batch);
            }
            self.wait().await?;
        }
    }

    /// Waits until the log goes further. Appends of this process wake at once; those of others are found by
    /// asking for the head, since a notification inside their commits would cost every append.
    async fn wait(&mut self) -> Result<(), LogError> {
        let after = self.after;
        let mut pause = FIRST_PAUSE;
        loop {
            let committed = self.committed.wait_for(|head| *head > after);
            match time::timeout(pause, committed).await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(_)) => return Err(LogError::Closed),
                Err(_) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
            let head = self.log.head().await?;
            if head > after {
                return Ok(());
            }
            if head < after {
                return Err(LogError::Behind { head, after });
            }
        }
    }
}
