//! Events on their way, steadily: from the log over NATS into PostgreSQL, against a projector that reads the log itself.

use super::project::{fill, make};
use crate::{
    Outcome,
    machine::{Nats, Postgres},
    table::{Figure, Reach, Row},
};
use std::time::{Duration, Instant};
use store::{bus::Bus, relay};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Enough for some seconds; appends, relay and projection share the machine all the while.
const EVENTS: u64 = 60_000;

pub(crate) async fn run(postgres: &Postgres) -> Outcome<Vec<Row>> {
    let nats = Nats::start()?;
    let by_itself = steadily(&postgres.database("steady_log").await?, None).await?;
    let carried = steadily(&postgres.database("steady_nats").await?, Some(&nats)).await?;
    #[expect(clippy::cast_precision_loss, reason = "a count of events")]
    let rate = |took: Duration| Figure::PerSecond(EVENTS as f64 / took.as_secs_f64());
    Ok(vec![Row {
        scenario: "append, carry over NATS, project into PostgreSQL, against reading the log".into(),
        ours: rate(carried),
        limit: Some(rate(by_itself)),
        reach: Reach::AtLeast(0.7),
    }])
}

/// From the first append until the last event is in the tables, all of it under way at once.
async fn steadily(url: &str, nats: Option<&Nats>) -> Outcome<Duration> {
    let (log, vault, read_models) = make(url, url, url).await?;
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    // The projector has a log of its own, as in another process: nothing wakes it but what carries the events.
    let (followed, _, _) = make(url, url, url).await?;
    let followed = match nats {
        Some(nats) => {
            let bus = Bus::connect(nats.url(), 1).await?;
            tasks.spawn(relay::run(log.clone(), bus.clone(), stop.clone()));
            followed.carried_by(&bus)
        }
        None => followed,
    };
    let projecting = tokio::spawn(projector::run(followed, vault.clone(), read_models.clone(), stop.clone()));
    let started = Instant::now();
    fill(&log, &vault, EVENTS).await?;
    let head = log.head().await?;
    while read_models.checkpoint().await?.position < head {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = started.elapsed();
    stop.cancel();
    projecting.await??;
    tasks.close();
    tasks.wait().await;
    log.close().await;
    Ok(took)
}
