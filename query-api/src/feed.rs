//! Follows the log, so that what was revoked is refused here at once and what was read before is not shown again.
//!
//! The feed needs no key: everything that it acts upon stands clear in the records. What it cannot read, a newer
//! version wrote; [`Standing::deny`](crate::access) says what is done about it.

use crate::{access::Access, me::Me};
use events::{Position, Timestamp};
use metrics::counter;
use service::Clock;
use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};
use store::log::{Log, LogError, Stored};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How many records are taken in at once.
const PAGE: usize = 1_000;
/// How often the feed makes sure that it has missed nothing.
const PULSE: Duration = Duration::from_millis(500);
/// How long it lets a log that failed alone.
const RESPITE: Duration = Duration::from_secs(1);

/// How far this process has followed the log.
#[derive(Debug)]
pub(crate) struct Feed {
    log: Log,
    position: watch::Sender<Position>,
    /// Nothing that was in the log at this moment is missing here. Microseconds since 1970.
    complete_at: AtomicI64,
}

impl Feed {
    /// Starts after `from`, at a moment when everything up to there is in force.
    pub(crate) fn new(log: Log, from: Position, now: Timestamp) -> Self {
        Self { log, position: watch::Sender::new(from), complete_at: AtomicI64::new(now.micros()) }
    }

    /// Everything up to here is in force.
    pub(crate) fn position(&self) -> Position {
        *self.position.borrow()
    }

    /// Answers once everything up to `minimum` is in force.
    pub(crate) async fn followed(&self, minimum: Position) {
        // The sender lives as long as `self`, so this ends only by getting there.
        drop(self.position.subscribe().wait_for(|position| *position >= minimum).await);
    }

    /// How long ago it was last certain that nothing is missing.
    pub(crate) fn age(&self, now: Timestamp) -> Duration {
        now.since(Timestamp::from_micros(self.complete_at.load(Ordering::Relaxed)))
    }

    /// Follows until told to stop. A log that fails is tried again for as long as it takes.
    pub(crate) async fn run(&self, access: &Access, me: &Me, clock: &Clock, shutdown: CancellationToken) {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.take_in(access, me, clock) => {}
            () = self.feel_pulse(clock) => {}
        }
    }

    async fn take_in(&self, access: &Access, me: &Me, clock: &Clock) {
        loop {
            let mut follower = self.log.follow(self.position());
            let failure = loop {
                match follower.next(PAGE).await {
                    Ok(batch) => self.enforce(&batch, access, me, clock.now()),
                    Err(failure) => break failure,
                }
            };
            self.rest_after(&failure).await;
        }
    }

    /// The order matters: who reads the position must find all of it in force.
    fn enforce(&self, batch: &[Stored], access: &Access, me: &Me, now: Timestamp) {
        let Some(last) = batch.last() else { return };
        let facts = batch.iter().map(|stored| (stored, stored.record.fact(|_, _| None)));
        for (Stored { position, record }, fact) in facts {
            match fact {
                Ok(fact) => {
                    access.apply(*position, &record.stream, &fact, now);
                    me.touch(*position, &record.stream, fact.session_owner());
                }
                Err(error) => {
                    let denied = access.deny(*position, &record.stream, now).as_str();
                    counter!("evident_feed_unreadable_total", "denied" => denied).increment(1);
                    warn!(log.position = position.0, denied, %error, "the feed cannot read an event, and takes it for the worst");
                    me.touch(*position, &record.stream, None);
                }
            }
        }
        self.position.send_replace(last.position);
    }

    /// What was at the log's head a moment ago has arrived: so nothing of that moment is missing.
    async fn feel_pulse(&self, clock: &Clock) {
        loop {
            let (asked_at, followed) = (clock.now(), self.position());
            match self.log.head().await {
                // It was restored from before, and what it says next is not what was followed: nothing here is certain.
                Ok(head) if head < followed => {
                    warn!(
                        log.position = head.0,
                        feed.position = followed.0,
                        "the log ends before what was followed"
                    );
                    sleep(RESPITE).await;
                }
                Ok(head) => {
                    self.followed(head).await;
                    self.complete_at.store(asked_at.micros(), Ordering::Relaxed);
                    sleep(PULSE).await;
                }
                Err(failure) => self.rest_after(&failure).await,
            }
        }
    }

    async fn rest_after(&self, failure: &LogError) {
        warn!(log.position = self.position().0, error = %failure, "the log cannot be followed for the moment");
        sleep(RESPITE).await;
    }
}
