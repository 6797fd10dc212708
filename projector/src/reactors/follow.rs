//! A reactor's way along the log: from its place on, noting what is to be done.

use super::Reactor;
use crate::{ProjectorError, retrying::Pause};
use events::Position;
use metrics::{counter, gauge};
use read_models::{Errand, ReadModels};
use std::time::Duration;
use store::log::{Follower, Log, Stored};
use tokio::time::timeout;

/// The most records that are looked at before the next look at whether to stop.
const MAX_BATCH: usize = 1_000;

/// A reactor without anything to note says how far it is after so many records, or when nothing came for so long: on
/// most records it does nothing, and a write for each would cost the projection its turns.
const SAVE_AFTER: u64 = 10_000;
const IDLE: Duration = Duration::from_secs(10);

/// How long whoever was fenced off leaves the others alone.
const FENCED: Duration = Duration::from_millis(200);

/// A reactor's place, once it is sure that this is its log.
pub(super) async fn place(name: &str, log: &Log, models: &ReadModels) -> Result<Position, ProjectorError> {
    let head = log.head().await?;
    let place = models.reactor(name, log.id(), head).await?;
    match place.log {
        Some(shown) if shown != log.id() => Err(ProjectorError::OtherLog { log: log.id(), shown }),
        // The head was read first, so whoever began meanwhile may be a little further.
        Some(_) | None if place.position > head && place.position > log.head().await? => {
            Err(ProjectorError::LogBehind { log: log.id(), head, shown: place.position })
        }
        Some(_) | None => Ok(place.position),
    }
}

/// Follows until the reactor is told to stop.
pub(super) async fn run(reactor: &Reactor) -> Result<(), ProjectorError> {
    let mut pause = Pause::default();
    while !reactor.stop.is_cancelled() {
        match Way::begin(reactor).await {
            Ok(mut way) => match way.go_on(&mut pause).await {
                Ok(()) => {}
                // Another process noted it: it is done, and this one looks where things stand.
                Err(ProjectorError::Fenced) => pause.rest(FENCED, &reactor.stop).await,
                Err(stopped) if stopped.is_final() => return Err(stopped),
                Err(broken) => wait_out(reactor, &mut pause, &broken).await,
            },
            Err(stopped) if stopped.is_final() => return Err(stopped),
            Err(broken) => wait_out(reactor, &mut pause, &broken).await,
        }
    }
    Ok(())
}

async fn wait_out(reactor: &Reactor, pause: &mut Pause, broken: &ProjectorError) {
    tracing::warn!(reactor = reactor.work.name(), error = %broken, "a reactor falls behind");
    counter!("evident_retries_total", "of" => "reactor").increment(1);
    pause.wait(&reactor.stop).await;
}

/// One stretch of following, from the place that is kept.
struct Way<'a> {
    reactor: &'a Reactor,
    follower: Follower,
    /// The place that is kept.
    kept: Position,
}

impl<'a> Way<'a> {
    async fn begin(reactor: &'a Reactor) -> Result<Self, ProjectorError> {
        let kept = place(reactor.work.name(), &reactor.log, &reactor.models).await?;
        Ok(Self { reactor, follower: reactor.log.follow(kept), kept })
    }

    async fn go_on(&mut self, pause: &mut Pause) -> Result<(), ProjectorError> {
        loop {
            let next = timeout(IDLE, self.follower.next(MAX_BATCH));
            let Some(next) = self.reactor.stop.run_until_cancelled(next).await else { return Ok(()) };
            match next {
                Ok(batch) => {
                    let batch = batch?;
                    let errands = self.errands(&batch);
                    let Some(errands) = self.reactor.stop.run_until_cancelled(errands).await else {
                        return Ok(());
                    };
                    self.note(&errands).await?;
                }
                Err(_) => self.keep(&[]).await?,
            }
            pause.over();
        }
    }

    async fn note(&mut self, errands: &[Errand]) -> Result<(), ProjectorError> {
        if !errands.is_empty() || self.follower.position().0.saturating_sub(self.kept.0) >= SAVE_AFTER {
            self.keep(errands).await?;
        }
        if !errands.is_empty() {
            self.reactor.noted.notify_one();
        }
        Ok(())
    }

    /// What is to be done because of a batch.
    async fn errands(&self, batch: &[Stored]) -> Vec<Errand> {
        let work = &self.reactor.work;
        let errands = batch.iter().flat_map(|stored| {
            let (event, position) = (stored.record.id, stored.position);
            let errand = move |task: &str| Errand { event, position, task: task.to_owned(), attempts: 0 };
            work.tasks(&stored.record).into_iter().map(errand)
        });
        work.needed(batch, errands.collect()).await
    }

    /// Moves the place that is kept to where the log was read, with what is to be done for what lies between.
    async fn keep(&mut self, errands: &[Errand]) -> Result<(), ProjectorError> {
        let Reactor { work, log, models, clock, .. } = self.reactor;
        let at = self.follower.position();
        if at > self.kept {
            let noted = models.note_errands(work.name(), log.id(), (self.kept, at), errands, clock.now());
            noted.await.map_err(|refused| ProjectorError::applying(log.id(), refused))?;
            self.kept = at;
            gauge!("evident_reactor_position", "reactor" => work.name()).set(at.0 as f64);
        }
        Ok(())
    }
}
