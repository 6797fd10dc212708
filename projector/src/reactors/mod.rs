//! Reactors: what Evident does about what happened, outside of its own tables. Each follows the log with a place of its
//! own, and does what it has to at least once.
//!
//! A reactor takes note of an event in one transaction: what it has to do, its errands, and how far it has come. So of
//! several processes one notes each errand, and one at a time runs it; what fails is run again, later and later, and is
//! parked in plain sight when it has failed too often. Nothing waits behind it.

mod errands;
mod follow;
pub mod mail;

use crate::ProjectorError;
use events::Record;
use mail::Mailer;
use read_models::{Errand, ReadModels};
use service::clock::Clock;
use std::{sync::Arc, time::Duration};
use store::{
    log::{Log, Stored},
    trace,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What a reactor does. A closed set, so that one runner serves all.
#[derive(Debug)]
pub enum Work {
    /// It sends mails.
    Mail(Mailer),
}

/// Why an errand was not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unable {
    /// It may go better another time.
    #[error("{0}")]
    Now(String),
    /// It never will.
    #[error("{0}")]
    Ever(String),
}

impl From<ProjectorError> for Unable {
    fn from(error: ProjectorError) -> Self {
        Unable::Now(error.to_string())
    }
}

impl Work {
    /// The name that its errands and its place are kept under. Never to be changed.
    const fn name(&self) -> &'static str {
        match self {
            Work::Mail(_) => mail::NAME,
        }
    }

    /// What is to be done because of a record, as far as the record alone says.
    fn tasks(&self, record: &Record) -> Vec<&'static str> {
        match self {
            Work::Mail(_) => mail::tasks(record),
        }
    }

    /// Those of a batch's errands that are not seen to be needless. Looking at many at once costs little; an errand costs
    /// several writes. Whatever cannot be looked at now is for the errand to find out.
    async fn needed(&self, batch: &[Stored], errands: Vec<Errand>) -> Vec<Errand> {
        match self {
            Work::Mail(mailer) => mailer.needed(batch, errands).await,
        }
    }

    /// Clears away what it leaves lying.
    async fn tidy(&self) {
        match self {
            Work::Mail(mailer) => mailer.tidy().await,
        }
    }

    /// Does it.
    async fn run(&self, errand: &Errand, because_of: &Stored) -> Result<(), Unable> {
        let _traced = trace::spans(self.name(), "consumer", std::iter::once(&because_of.record));
        match self {
            Work::Mail(mailer) => mailer.run(errand, because_of).await,
        }
    }
}

/// A reactor over these stores.
pub(crate) struct Reactor {
    work: Arc<Work>,
    log: Log,
    models: ReadModels,
    clock: Clock,
    stop: CancellationToken,
    /// Rung when an errand was noted here.
    noted: Notify,
}

/// Gives a reactor its place, where it has none, at the log's present end: it does nothing about what happened before.
///
/// To be awaited before anything is served whose events it is to see.
pub async fn prepare(work: &Work, log: &Log, models: &ReadModels) -> Result<(), ProjectorError> {
    follow::place(work.name(), log, models).await.map(drop)
}

/// Does what there is to do for what happens, until `stop`; what is under way is finished first. Any number of processes
/// may run the same reactor. Stores that do not answer are waited for. What waiting cannot mend
/// ([`ProjectorError::is_final`]), another log or one that lost events, is said: nothing more is noted then, and what was
/// noted is still done.
pub async fn run(work: Arc<Work>, log: Log, models: ReadModels, clock: Clock, stop: CancellationToken) {
    let reactor = Reactor { work, log, models, clock, stop, noted: Notify::new() };
    let follow = async {
        if let Err(error) = follow::run(&reactor).await {
            let reactor = reactor.work.name();
            tracing::error!(reactor, %error, "a reactor stopped: nothing is done about what happens");
        }
    };
    tokio::join!(follow, errands::run(&reactor), tidy(&reactor));
}

/// How often what a reactor leaves lying is looked through.
const TIDY_EVERY: Duration = Duration::from_secs(10 * 60);

async fn tidy(reactor: &Reactor) {
    loop {
        reactor.work.tidy().await;
        if reactor.stop.run_until_cancelled(tokio::time::sleep(TIDY_EVERY)).await.is_none() {
            return;
        }
    }
}
