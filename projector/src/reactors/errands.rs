//! A reactor's errands, run when they are due, and again when they fail.

use super::{Reactor, Unable};
use crate::{ProjectorError, retrying::Pause};
use futures_util::{StreamExt, stream};
use metrics::{counter, gauge};
use read_models::Errand;
use std::time::Duration;
use tokio::time::timeout;

/// How many are run at once, and looked up at once.
const AT_ONCE: usize = 4;
const PAGE: u32 = 64;

/// How often it is looked whether one is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long one may take, and how long nobody else begins it meanwhile. Whoever is cut off leaves it for that long.
const PATIENCE: Duration = Duration::from_secs(45);
const TAKEN_FOR: Duration = Duration::from_secs(60);

/// The pause after the first failure, the longest one, and the failures after which an errand is parked: after some three
/// hours.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);
const MAX_ATTEMPTS: u32 = 20;

/// Runs errands until the reactor is told to stop; those that are under way are finished first.
pub(super) async fn run(reactor: &Reactor) {
    let mut pause = Pause::default();
    while !reactor.stop.is_cancelled() {
        match run_due(reactor).await {
            Ok(0) => {
                let noted = timeout(LOOK_EVERY, reactor.noted.notified());
                reactor.stop.run_until_cancelled(noted).await;
                pause.over();
            }
            Ok(_) => pause.over(),
            Err(broken) => {
                tracing::warn!(reactor = reactor.work.name(), error = %broken, "errands wait");
                counter!("evident_retries_total", "of" => "reactor").increment(1);
                pause.wait(&reactor.stop).await;
            }
        }
    }
}

/// Runs what is due; answers how much that was.
async fn run_due(reactor: &Reactor) -> Result<usize, ProjectorError> {
    let name = reactor.work.name();
    let counts = reactor.models.count_errands(name).await?;
    gauge!("evident_errands_waiting", "reactor" => name).set(counts.waiting as f64);
    gauge!("evident_errands_parked", "reactor" => name).set(counts.parked as f64);
    if counts.waiting == 0 {
        return Ok(0);
    }
    let due = reactor.models.due_errands(name, reactor.clock.now(), PAGE).await?;
    let found = due.len();
    let outcomes = stream::iter(due).map(|errand| run_one(reactor, errand)).buffer_unordered(AT_ONCE);
    let outcomes: Vec<Result<(), ProjectorError>> = outcomes.collect().await;
    outcomes.into_iter().collect::<Result<Vec<()>, _>>()?;
    Ok(found)
}

async fn run_one(reactor: &Reactor, mut errand: Errand) -> Result<(), ProjectorError> {
    let Reactor { work, models, clock, stop, .. } = reactor;
    // Told to stop, it begins nothing more.
    if stop.is_cancelled() || !models.take_errand(work.name(), &errand, clock.now().after(TAKEN_FOR)).await? {
        return Ok(());
    }
    errand.attempts += 1;
    let outcome = match tried(reactor, &errand).await {
        Ok(()) => {
            models.finish_errand(work.name(), &errand).await?;
            "done"
        }
        Err(Unable::Now(because)) if errand.attempts < MAX_ATTEMPTS => {
            let pause = pause_after(errand.attempts);
            models.postpone_errand(work.name(), &errand, clock.now().after(pause)).await?;
            let (retry_seconds, attempts) = (pause.as_secs(), errand.attempts);
            tracing::warn!(
                reactor = work.name(), event.id = %errand.event, task = errand.task, attempts, retry_seconds,
                error = because, "an errand failed"
            );
            "failed"
        }
        Err(Unable::Now(because) | Unable::Ever(because)) => {
            models.park_errand(work.name(), &errand, &because).await?;
            tracing::error!(
                reactor = work.name(), event.id = %errand.event, task = errand.task, attempts = errand.attempts,
                error = because, "an errand is parked: `evident parked` shows and retries it"
            );
            "parked"
        }
    };
    counter!("evident_errands_total", "reactor" => work.name(), "outcome" => outcome).increment(1);
    Ok(())
}

async fn tried(reactor: &Reactor, errand: &Errand) -> Result<(), Unable> {
    let work = async {
        let found = reactor.log.read_at(&[errand.position]).await;
        let found = found.map_err(|error| Unable::Now(error.to_string()))?.pop();
        let because_of = found.filter(|stored| stored.record.id == errand.event);
        let because_of = because_of.ok_or(Unable::Ever("its event is not in the log".to_owned()))?;
        reactor.work.run(errand, &because_of).await
    };
    timeout(PATIENCE, work).await.unwrap_or(Err(Unable::Now("took too long".to_owned())))
}

/// Twice as long each time.
fn pause_after(attempts: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1))).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_end_within_hours() {
        let pauses: Vec<_> = (1..MAX_ATTEMPTS).map(pause_after).collect();
        assert_eq!(pauses[..3], [5, 10, 20].map(Duration::from_secs));
        assert!(pauses.is_sorted() && pauses.last() == Some(&LONGEST_PAUSE));
        let whole: Duration = pauses.iter().sum();
        assert!(whole > Duration::from_secs(2 * 60 * 60) && whole < Duration::from_secs(4 * 60 * 60));
    }

    #[test]
    fn nobody_begins_an_errand_that_is_still_being_run() {
        assert!(TAKEN_FOR > PATIENCE);
    }
}
