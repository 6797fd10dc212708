//! The live projector: follows the log without end, and outlives whatever it depends on.

use crate::{
    ProjectorError,
    apply::{apply, begin},
    feed::Feed,
    metrics,
    retrying::Pause,
};
use events::Position;
use read_models::{Projected, ReadModels};
use std::time::{Duration, Instant};
use store::{log::Log, trace, vault::Vault};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long nothing comes before it is made sure that the tables are where they were left.
const IDLE: Duration = Duration::from_secs(1);

/// How often a projector that was fenced off looks how the one who writes gets on, and how long that one must not have
/// got on before it is taken for gone.
const LOOK_EVERY: Duration = Duration::from_millis(200);
const GONE_AFTER: Duration = Duration::from_secs(1);

/// Shows in the tables what is in the log, until `stop`; a batch that has begun is finished first.
///
/// Each event takes effect exactly once, however often this is killed and started: rows and checkpoint move in one
/// transaction. Any number of projectors may run: one writes, the others stand by. A log, a vault or tables that do
/// not answer are waited for.
///
/// # Errors
/// Only what waiting cannot mend ([`ProjectorError::is_final`]): another log, or one that lost events.
pub async fn run(
    log: Log,
    vault: Vault,
    models: ReadModels,
    stop: CancellationToken,
) -> Result<(), ProjectorError> {
    let seen = (log.clone(), models.clone());
    let mut projector = Projector { log, vault, models, stop, pause: Pause::default() };
    tokio::select! {
        ended = projector.outlive() => ended,
        never = metrics::watch(&seen.0, &seen.1) => match never {},
    }
}

struct Projector {
    log: Log,
    vault: Vault,
    models: ReadModels,
    stop: CancellationToken,
    pause: Pause,
}

impl Projector {
    /// Follows again and again, whatever fails meanwhile, until `stop` or something that no waiting mends.
    async fn outlive(&mut self) -> Result<(), ProjectorError> {
        while !self.stop.is_cancelled() {
            match self.follow().await {
                Ok(()) => {}
                Err(ProjectorError::Fenced) => self.stand_by().await,
                Err(stopped) if stopped.is_final() => return Err(stopped),
                Err(broken) => self.wait_out(&broken).await,
            }
        }
        Ok(())
    }

    /// Applies batch after batch from the checkpoint on, until something fails or `stop`.
    async fn follow(&mut self) -> Result<(), ProjectorError> {
        let mut position = begin(&self.log, &self.models).await?;
        let mut feed = Feed::live(&self.log, &self.vault, position);
        while let Some(batch) = self.stop.run_until_cancelled(self.next(&mut feed, position)).await {
            let Some(batch) = batch? else { break };
            let began = Instant::now();
            let traced = trace::spans("project", "consumer", batch.iter().map(|projected| &projected.record));
            position = apply(&self.log, &self.models, position, &batch).await?;
            drop(traced);
            metrics::applied(batch.len(), began.elapsed());
            self.pause.over();
        }
        Ok(())
    }

    /// The next batch. While there is none, looks now and then whether the tables are where they were left: a crash of
    /// their server may have taken the last batches back, and nothing else would tell before the next event.
    async fn next(
        &self,
        feed: &mut Feed,
        position: Position,
    ) -> Result<Option<Vec<Projected>>, ProjectorError> {
        loop {
            match timeout(IDLE, feed.next()).await {
                Ok(batch) => return batch.transpose(),
                Err(_) if self.models.checkpoint().await?.position == position => {}
                Err(_) => return Err(ProjectorError::Fenced),
            }
        }
    }

    /// Waits for as long as another projector keeps the tables to the log. It is taken for gone when the log has more
    /// than the tables and they have not moved for a while: so two idle ones do not race for each event.
    async fn stand_by(&self) {
        tracing::info!("another projector writes the read models; standing by");
        metrics::stands_by(true);
        let (mut seen, mut moved) = (self.shown().await, Instant::now());
        while seen.is_some() && !self.stop.is_cancelled() {
            self.stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await;
            let shown = self.shown().await;
            if shown != seen {
                (seen, moved) = (shown, Instant::now());
            } else if moved.elapsed() >= GONE_AFTER && self.log.head().await.ok() > seen {
                tracing::info!("the other projector is gone; taking over");
                break;
            }
        }
        metrics::stands_by(false);
    }

    async fn shown(&self) -> Option<Position> {
        self.models.checkpoint().await.ok().map(|checkpoint| checkpoint.position)
    }

    /// Waits before the next attempt, twice as long each time until one gets on.
    async fn wait_out(&mut self, broken: &ProjectorError) {
        tracing::warn!(error = %broken, retry_ms = self.pause.millis(), "the read models fall behind");
        metrics::retries();
        self.pause.wait(&self.stop).await;
    }
}
