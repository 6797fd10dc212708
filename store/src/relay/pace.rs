//! How hard a relay tries while others do the same: one of them does the work, and the others stay ready.

use crate::bus::WINDOW_RECORDS;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The first and the longest time that a refused relay holds back where the log and NATS answer in a moment. Short, since
/// what this process appended may wait for it; long enough for whoever refuses it to go on undisturbed.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(16);
/// How many of its own turns a relay holds back where they take longer than that. With less than two, none of several
/// relays would ever have two turns in a row, and so none would publish more than a record at once.
const TURNS: u32 = 8;
/// How long it holds back at most, however long a turn takes; shorter than [`CONTESTED`].
const LIMIT: Duration = Duration::from_secs(2);
/// How long after it was refused a relay takes it that others are at work, and looks before it publishes.
const CONTESTED: Duration = Duration::from_secs(5);

/// Publishes much at once when alone; after a refusal one record only, later, then twice as many each time.
#[derive(Debug)]
pub(super) struct Pace {
    window: usize,
    pause: Duration,
    /// When this turn began: what it is about to publish follows the stream as it was then.
    began: Instant,
    refused: Option<Instant>,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { window: WINDOW_RECORDS, pause: FIRST_PAUSE, began: Instant::now(), refused: None }
    }

    /// How many records may be published at once.
    pub(super) const fn window(&self) -> usize {
        self.window
    }

    /// Whether others are at work.
    pub(super) fn is_contested(&self) -> bool {
        self.refused.is_some_and(|refused| refused.elapsed() < CONTESTED)
    }

    /// Lets others go on for a moment after a refusal; then a turn begins.
    pub(super) async fn turn(&mut self) {
        if let Some(refused) = self.refused {
            sleep_until(refused + self.pause).await;
        }
        self.begins();
    }

    /// A turn begins at once, as nobody else is at work.
    pub(super) fn begins(&mut self) {
        self.began = Instant::now();
    }

    /// Somebody else published while this turn lasted.
    pub(super) fn refused(&mut self) {
        let now = Instant::now();
        let turn = now - self.began;
        let longest = (turn * TURNS).clamp(LONGEST_PAUSE, LIMIT);
        self.window = 1;
        self.pause = (self.pause * 2).max(turn).min(longest);
        self.refused = Some(now);
    }

    /// What was published is in the stream.
    pub(super) fn accepted(&mut self) {
        self.window = (self.window * 2).min(WINDOW_RECORDS);
        self.pause = (self.pause / 2).max(FIRST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long a relay holds back that was refused ten times, each time after so long a turn.
    fn pause(turn: Duration) -> Duration {
        let mut pace = Pace::new();
        for _ in 0..10 {
            pace.began = Instant::now() - turn;
            pace.refused();
        }
        pace.pause
    }

    #[test]
    fn whoever_is_refused_lets_others_have_some_turns() {
        let slow = Duration::from_millis(200);
        assert!(pause(slow) > slow * 2, "{:?}", pause(slow));
    }

    #[test]
    fn nobody_holds_back_for_longer_than_others_are_taken_to_be_at_work() {
        assert!(pause(Duration::from_secs(60)) < CONTESTED);
    }

    #[test]
    fn a_success_makes_a_relay_bolder() {
        let mut pace = Pace::new();
        pace.refused();
        pace.accepted();
        pace.accepted();
        assert_eq!(pace.window(), 4);
        assert!(pace.is_contested());
    }
}
