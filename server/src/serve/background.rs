//! What runs beside the answering of requests: the command side's relay and chores, the projector and the reactors, the query side's feed.

use super::Parts;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use store::relay;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Whether something that should run without end still does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Running {
    stopped: Arc<AtomicBool>,
}

impl Running {
    /// It ended, and nobody will start it again.
    pub(crate) fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

/// The tasks, and the way to end them.
pub(super) struct Background {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Background {
    pub(super) fn start(parts: &Parts) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        if let (Some(_), Some(bus)) = (&parts.commands, &parts.bus) {
            tasks.spawn(relay::run(parts.log.clone(), bus.clone(), stop.clone()));
        }
        if let (Some(running), Some(models)) = (&parts.projector, &parts.read_models) {
            let projector =
                projector::run(parts.log.clone(), parts.vault.clone(), models.clone(), stop.clone());
            let running = running.clone();
            tasks.spawn(async move {
                if let Err(error) = projector.await {
                    running.stop();
                    tracing::error!(%error, "the projector stopped: queries stay at their last position");
                }
            });
        }
        if let Some(models) = &parts.read_models {
            for work in &parts.reactors {
                let clock = parts.clock.clone();
                let (log, models, work) = (parts.log.clone(), models.clone(), work.clone());
                tasks.spawn(projector::reactors::run(work, log, models, clock, stop.clone()));
            }
        }
        if let Some(queries) = parts.queries.clone() {
            let stop = stop.clone();
            tasks.spawn(async move { queries.follow(stop).await });
        }
        if let Some(commands) = parts.commands.clone() {
            let stop = stop.clone();
            tasks.spawn(async move { commands.run(stop).await });
        }
        tasks.close();
        Self { tasks, stop }
    }

    /// Stops them after what they are at.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}
