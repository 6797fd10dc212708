//! What this process committed last, kept for its own followers: they need not ask the engine for what has just gone
//! through here.

use super::Stored;
use events::Position;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The most records that are kept, and the most bytes. Whoever is further behind reads from the engine.
const MAX_RECORDS: usize = 2_000;
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// The last records, next by next. Clones share them.
///
/// It holds only what was committed, and only where positions are dense: so a record that follows another by its position
/// is the one that follows it in the log. Where another process committed in between, it begins anew behind that.
#[derive(Debug, Clone, Default)]
pub(super) struct Recent(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    records: VecDeque<Stored>,
    bytes: usize,
}

impl Recent {
    /// Keeps records that were just committed, in the order of the log. What was said before is there already, or too old.
    pub(super) fn keep(&self, committed: impl IntoIterator<Item = Stored>) {
        let mut kept = self.lock();
        for stored in committed {
            kept.add(stored);
        }
    }

    /// The records right after a position, at most `limit` of them; none when they are not kept here.
    pub(super) fn after(&self, after: Position, limit: usize) -> Vec<Stored> {
        let kept = self.lock();
        let Some(first) = kept.records.front() else { return Vec::new() };
        let skipped = after.next().0.checked_sub(first.position.0);
        match skipped.and_then(|skipped| usize::try_from(skipped).ok()) {
            Some(skipped) => kept.records.iter().skip(skipped).take(limit).cloned().collect(),
            None => Vec::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn add(&mut self, stored: Stored) {
        match self.records.back().map(|last| last.position) {
            Some(last) if stored.position <= last => return,
            Some(last) if stored.position != last.next() => {
                self.records.clear();
                self.bytes = 0;
            }
            Some(_) | None => {}
        }
        self.bytes += stored.record.bytes().len();
        self.records.push_back(stored);
        while self.records.len() > MAX_RECORDS || self.bytes > MAX_BYTES {
            let Some(oldest) = self.records.pop_front() else { break };
            self.bytes -= oldest.record.bytes().len();
        }
    }
}
