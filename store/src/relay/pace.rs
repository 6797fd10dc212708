//! How hard a relay tries while others do the same: one of them does the work, and the others stay ready.

use crate::bus::WINDOW_RECORDS;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The first and the longest time that a refused relay holds back. Short, since what this process appended may wait for
/// it; long enough for whoever refuses it to go on undisturbed.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(16);
/// How long after it was refused a relay takes it that others are at work, and looks before it publishes.
const CONTESTED: Duration = Duration::from_secs(5);

/// Publishes much at once when alone; after a refusal one record only, later, then twice as many each time.
#[derive(Debug)]
pub(super) struct Pace {
    window: usize,
    pause: Duration,
    refused: Option<Instant>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { window: WINDOW_RECORDS, pause: FIRST_PAUSE, refused: None }
    }
}

impl Pace {
    /// How many records may be published at once.
    pub(super) const fn window(&self) -> usize {
        self.window
    }

    /// Whether others are at work.
    pub(super) fn is_contested(&self) -> bool {
        self.refused.is_some_and(|refused| refused.elapsed() < CONTESTED)
    }

    /// Lets others go on for a moment after a refusal.
    pub(super) async fn hold_back(&self) {
        if let Some(refused) = self.refused {
            sleep_until(refused + self.pause).await;
        }
    }

    pub(super) fn refused(&mut self) {
        self.window = 1;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        self.refused = Some(Instant::now());
    }

    pub(super) fn accepted(&mut self) {
        self.window = (self.window * 2).min(WINDOW_RECORDS);
        self.pause = (self.pause / 2).max(FIRST_PAUSE);
    }
}
