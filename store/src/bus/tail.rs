//! The last records that the bus brought, kept for the followers of this process: one subscription for all of them.
//!
//! A follower that stands at a record finds the next ones here when the chain says that nothing is between. One that is
//! slow, late or at a gap finds nothing, and reads from the log until it is back. So memory is bounded whoever
//! sleeps, and there is one way to go on, whether a follower is cold, catching up or live.

use super::Carried;
use crate::log::Stored;
use events::Position;
use std::{
    cmp::Ordering,
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// The most records that are kept, and the most bytes of them.
const KEPT_RECORDS: usize = 4_096;
const KEPT_BYTES: usize = 8 * 1024 * 1024;

/// What the bus has for whoever stands at some position.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The next records.
    Records(Vec<Stored>),
    /// Nothing yet: the next record will come over the bus.
    End,
    /// It is live, and has not brought what is there already.
    Behind,
    /// It has later records, and something is between that only the log has.
    Ahead,
    /// Nothing is received for the moment.
    Away,
}

/// The follower's side. When all clones are dropped, nothing is subscribed to any more.
#[derive(Debug, Clone)]
pub(crate) struct Tail {
    kept: Arc<Mutex<Kept>>,
    reached: watch::Receiver<Reached>,
}

/// The side that receives.
#[derive(Debug)]
pub(crate) struct Feeder {
    kept: Arc<Mutex<Kept>>,
    reached: watch::Sender<Reached>,
}

/// How far the bus has brought the log to this process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Reached {
    /// Whether whatever is published is received.
    live: bool,
    end: Option<Position>,
}

/// A chain without gaps.
#[derive(Debug, Default)]
struct Kept {
    chain: VecDeque<Carried>,
    bytes: usize,
}

pub(crate) fn new() -> (Feeder, Tail) {
    let kept = Arc::<Mutex<Kept>>::default();
    let (sender, receiver) = watch::channel(Reached::default());
    (Feeder { kept: kept.clone(), reached: sender }, Tail { kept, reached: receiver })
}

impl Tail {
    /// What follows `after`, at most `limit` records.
    ///
    /// What there is by now counts as seen: [`Tail::moved`] waits for more.
    pub(crate) fn after(&mut self, after: Position, limit: usize) -> Reach {
        let Reached { live, end } = *self.reached.borrow_and_update();
        match end.cmp(&Some(after)) {
            Ordering::Greater => {
                let next = lock(&self.kept).after(after, limit);
                if next.is_empty() { Reach::Ahead } else { Reach::Records(next) }
            }
            Ordering::Equal if live => Reach::End,
            Ordering::Less if live => Reach::Behind,
            Ordering::Equal | Ordering::Less => Reach::Away,
        }
    }

    /// Waits until the bus brings something, comes or goes. Never, once the receiving side is gone.
    pub(crate) async fn moved(&mut self) {
        if self.reached.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

impl Feeder {
    /// Takes in what was received, in order. What was brought before is passed over; a break in the chain ends what
    /// was kept, and followers fill the gap from the log. Answers whether there was one.
    pub(crate) fn take(&self, received: Vec<Carried>) -> bool {
        let mut gap = false;
        let mut kept = lock(&self.kept);
        for carried in received {
            gap |= kept.take(carried);
        }
        let end = kept.chain.back().map(|last| last.stored.position);
        drop(kept);
        self.reached.send_if_modified(|reached| {
            let moved = reached.end != end;
            reached.end = end;
            moved
        });
        gap
    }

    /// Whether, from now on, whatever is published is received.
    pub(crate) fn live(&self, live: bool) {
        self.reached.send_if_modified(|reached| std::mem::replace(&mut reached.live, live) != live);
    }

    /// Answers when nobody follows any more.
    pub(crate) async fn unwanted(&self) {
        self.reached.closed().await;
    }
}

impl Kept {
    fn after(&self, after: Position, limit: usize) -> Vec<Stored> {
        let next = self.chain.partition_point(|carried| carried.stored.position <= after);
        match self.chain.get(next) {
            Some(carried) if carried.after == after => {
                self.chain.iter().skip(next).take(limit).map(|carried| carried.stored.clone()).collect()
            }
            Some(_) | None => Vec::new(),
        }
    }

    fn take(&mut self, carried: Carried) -> bool {
        let end = self.chain.back().map(|last| last.stored.position);
        if end.is_some_and(|end| carried.stored.position <= end) {
            return false;
        }
        let gap = end.is_some_and(|end| end != carried.after);
        if gap {
            *self = Self::default();
        }
        self.bytes += carried.stored.record.bytes().len();
        self.chain.push_back(carried);
        while self.chain.len() > KEPT_RECORDS || self.bytes > KEPT_BYTES {
            let Some(oldest) = self.chain.pop_front() else { break };
            self.bytes -= oldest.stored.record.bytes().len();
        }
        gap
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
