//! The relay: makes the stream in NATS an exact copy of the log's tail, message after message.
//!
//! One runs in every command service, any number at once, and none keeps anything: where the copy ends, the stream
//! itself says. Each message names the place behind which it belongs, so of two relays that publish the same record
//! one is refused; it looks again and goes on from there. An append waits for none of this.

mod pace;

use crate::{
    bus::{Bus, BusError, Carried, Last, chain},
    log::{Log, LogError},
    trace,
};
use events::Position;
use metrics::{counter, gauge};
use pace::Pace;
use std::{convert::Infallible, time::Duration};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// The most bytes of records that are under way at once; one record more is let through.
const WINDOW_BYTES: usize = 4 * 1024 * 1024;
/// How often the end of the stream is looked at while nothing is appended: it may have been shortened, deleted, or
/// configured otherwise.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The first and the longest pause after a failure.
const PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How often the lag is told.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Publishes what is in the log and not yet in the stream, until `stop`.
///
/// Outlives whatever it depends on: a log or a bus that is away is waited for, and a stream that is lost or shortened
/// is made and filled again.
pub async fn run(log: Log, bus: Bus, stop: CancellationToken) {
    let relay = Relay { log: log.uncarried(), bus, pace: Pace::new(), known: None, told: None };
    let (log, bus) = (relay.log.clone(), relay.bus.clone());
    tokio::select! {
        () = stop.cancelled() => {}
        never = tell_lag(&log, &bus) => match never {},
        never = relay.outlive() => match never {},
    }
}

struct Relay {
    log: Log,
    bus: Bus,
    pace: Pace,
    /// Up to where this relay has seen the log in the stream: where an emptied one is gone on with.
    known: Option<Position>,
    /// What the log's lines said last: nothing yet, that all is well, or what the trouble was.
    told: Option<Option<&'static str>>,
}

#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Bus(#[from] BusError),
    /// Only the restore of an older backup does this.
    #[error(
        "the log ends at {head}, and NATS carries it up to {carried}: delete the stream EVIDENT if the log is right"
    )]
    LogBehind { head: Position, carried: Position },
}

impl Relay {
    async fn outlive(mut self) -> Infallible {
        let mut pause = PAUSE;
        let mut connection = self.bus.connection();
        loop {
            let Err(error) = self.relay(&mut pause).await;
            if matches!(error, RelayError::Bus(BusError::Moved)) {
                counter!("evident_relay_refused_total").increment(1);
                self.pace.refused();
                continue;
            }
            self.tell_trouble(&error);
            counter!("evident_retries_total", "of" => "relay").increment(1);
            sleep(pause).await;
            // The sender lives as long as the bus, so this ends only by getting there.
            drop(connection.wait_for(|connection| connection.up).await);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Goes on from the stream's end, whatever that is by now, until something fails.
    async fn relay(&mut self, pause: &mut Duration) -> Result<Infallible, RelayError> {
        loop {
            self.pace.turn().await;
            let (mut last, mut from) = self.look().await?;
            let mut page = self.log.read_all(from, self.pace.window()).await?;
            loop {
                last = self.publish(last, chain(from, page)).await?;
                from = last.position.unwrap_or(from);
                self.tell_well();
                *pause = PAUSE;
                let mut follower = self.log.follow(from);
                page = match timeout(LOOK_EVERY, follower.next(self.pace.window())).await {
                    Ok(page) if !self.pace.is_contested() => page?,
                    Ok(Err(error)) => return Err(error.into()),
                    // Somebody else may have published it by now, or the stream is not what it was.
                    Ok(Ok(_)) | Err(_) => break,
                };
                self.pace.begins();
            }
        }
    }

    /// Where the stream ends, and after which position of the log it is gone on with.
    async fn look(&mut self) -> Result<(Last, Position), RelayError> {
        let last = self.bus.last(self.log.id()).await?;
        let head = self.log.head().await?;
        // An empty stream begins where it ended, else with what comes next: followers have the log for what was before.
        let from = last.position.or(self.known.filter(|known| *known <= head)).unwrap_or(head);
        if head < from {
            return Err(RelayError::LogBehind { head, carried: from });
        }
        self.reached(from);
        Ok((last, from))
    }

    /// Publishes in windows of bounded size.
    async fn publish(&mut self, mut last: Last, records: Vec<Carried>) -> Result<Last, RelayError> {
        let mut rest = records.as_slice();
        while !rest.is_empty() {
            // Of several relays that begin an empty stream each may begin elsewhere, so the first message stands alone:
            // once it is there, all others look again and go on behind it.
            let begins = last.position.is_none();
            let (window, later) = rest.split_at(if begins { 1 } else { fitting(rest) });
            let published =
                trace::spans("publish", "producer", window.iter().map(|carried| &carried.stored.record));
            last = self.bus.publish(last, window).await?;
            drop(published);
            counter!("evident_relay_published_total").increment(window.len() as u64);
            self.pace.accepted();
            self.reached(last.position.unwrap_or_default());
            rest = later;
        }
        Ok(last)
    }

    fn reached(&mut self, position: Position) {
        self.known = Some(position);
        gauge!("evident_relay_position").set(position.0 as f64);
        self.bus.tell(|relaying| relaying.relayed = Some(position));
    }

    /// One line when trouble begins, and when it changes.
    fn tell_trouble(&mut self, error: &RelayError) {
        let what = error.what();
        self.bus.tell(|relaying| relaying.trouble = Some(error.to_string()));
        if self.told.replace(Some(what)) != Some(Some(what)) {
            tracing::warn!(%error, "the log is not relayed to NATS for the moment");
        }
    }

    /// One line when all is well for the first time, and again.
    fn tell_well(&mut self) {
        if self.told.replace(None) != Some(None) {
            self.bus.tell(|relaying| relaying.trouble = None);
            tracing::info!(log.position = self.known.unwrap_or_default().0, "the log is relayed to NATS");
        }
    }
}

/// How many of the records may be under way at once; one at least.
fn fitting(records: &[Carried]) -> usize {
    let mut bytes = 0;
    let fits = |carried: &&Carried| {
        let before = bytes;
        bytes += carried.stored.record.bytes().len();
        before < WINDOW_BYTES
    };
    records.iter().take_while(fits).count()
}

impl RelayError {
    /// What kind of failure it is: lines are for those that are new.
    const fn what(&self) -> &'static str {
        match self {
            Self::Log(_) => "log",
            Self::LogBehind { .. } => "log behind",
            Self::Bus(BusError::Unavailable(_)) => "unavailable",
            Self::Bus(BusError::OtherLog { .. }) => "other log",
            Self::Bus(BusError::Malformed { .. }) => "malformed",
            Self::Bus(
                BusError::MalformedUrl | BusError::Moved | BusError::NoStream | BusError::Refused(_),
            ) => "refused",
        }
    }
}

/// Tells once a second how far the stream is behind the log, so that it is seen most of all when nothing is published.
async fn tell_lag(log: &Log, bus: &Bus) -> Infallible {
    loop {
        if let (Ok(head), Some(relayed)) = (log.head().await, bus.state().relayed) {
            gauge!("evident_relay_lag_positions").set(head.0.saturating_sub(relayed.0) as f64);
        }
        sleep(TELL_EVERY).await;
    }
}
