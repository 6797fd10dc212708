//! `Evident-Min-Position`: an answer waits until it reflects what its asker already knows, a bounded time, and
//! only a bounded number of answers at once.

use crate::{failure::Failure, feed::Feed};
use events::Position;
use read_models::ReadModels;
use service::{Code, Problem};
use std::time::Duration;
use tokio::{
    sync::{Semaphore, watch},
    time::timeout,
};

/// How long an answer waits.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many answers wait at once. The next one is told to come again.
const WAITERS: usize = 1_000;
/// How long the one that asks the tables where they are pauses between two questions, unless it is told of a batch.
const PAUSE: Duration = Duration::from_millis(2);

/// How far the read models are, as far as this process has seen, and who waits for them.
///
/// Nothing is asked while nobody waits. Of all that wait one holds the lead and asks the tables; it tells the
/// others. When it goes, answered or hung up on, the next one takes the lead.
#[derive(Debug)]
pub(crate) struct Waits {
    read_models: ReadModels,
    seen: watch::Sender<Position>,
    places: Semaphore,
    lead: Semaphore,
}

impl Waits {
    /// Waits on these read models.
    pub(crate) fn new(read_models: ReadModels) -> Self {
        Self {
            read_models,
            seen: watch::Sender::new(Position::START),
            places: Semaphore::new(WAITERS),
            lead: Semaphore::new(1),
        }
    }

    /// Some answer was read from tables that are this far.
    pub(crate) fn saw(&self, position: Position) {
        self.seen.send_if_modified(|seen| {
            let further = *seen < position;
            *seen = position.max(*seen);
            further
        });
    }

    /// Answers once the read models are at `minimum` or further; 503 when that takes too long, or too many wait.
    pub(crate) async fn until_shown(&self, minimum: Position) -> Result<(), Failure> {
        if *self.seen.borrow() >= minimum {
            return Ok(());
        }
        self.bounded(self.ask_or_be_told(minimum)).await
    }

    /// Answers once what was revoked and granted up to `minimum` is in force here; 503 as above.
    pub(crate) async fn until_in_force(&self, feed: &Feed, minimum: Position) -> Result<(), Failure> {
        if feed.position() >= minimum {
            return Ok(());
        }
        self.bounded(async {
            feed.followed(minimum).await;
            Ok(())
        })
        .await
    }

    async fn bounded(&self, wait: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
        let Ok(_place) = self.places.try_acquire() else {
            return Err(Problem::new(Code::Overloaded).into());
        };
        timeout(PATIENCE, wait).await.unwrap_or_else(|_| Err(behind()))
    }

    async fn ask_or_be_told(&self, minimum: Position) -> Result<(), Failure> {
        let mut seen = self.seen.subscribe();
        // The sender lives as long as `self`, so this ends only by being told.
        let told = async { drop(seen.wait_for(|seen| *seen >= minimum).await) };
        tokio::select! {
            () = told => Ok(()),
            _lead = self.lead.acquire() => self.ask(minimum).await,
        }
    }

    async fn ask(&self, minimum: Position) -> Result<(), Failure> {
        let mut applied = self.read_models.applied();
        loop {
            let shown = self.read_models.checkpoint().await?.position;
            self.saw(shown);
            if shown >= minimum {
                return Ok(());
            }
            // A projector in this process tells of each batch. Of one elsewhere only asking again tells.
            drop(timeout(PAUSE, applied.changed()).await);
        }
    }
}

/// The read models do not show yet what was asked for.
pub(crate) fn behind() -> Failure {
    Problem::new(Code::ReadModelBehind).into()
}
