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

#[cfg(test)]
mod tests {
    use super::*;
    use events::{
        Actor, Draft, EventId, Fact, LogId, RequestContext, Salt, StreamName, Timestamp, UserId, Version,
    };
    use uuid::Uuid;

    fn stored(position: u64) -> Stored {
        let context = RequestContext {
            actor: Actor::System,
            correlation_id: "none".into(),
            causation_id: None,
            traceparent: None,
        };
        let draft = Draft {
            id: EventId(Uuid::from_u128(u128::from(position))),
            log: LogId(Uuid::from_u128(1)),
            time: Timestamp::default(),
            stream: StreamName::user(UserId(Uuid::from_u128(2))),
            version: Version(position),
            context,
            salt: Salt([0; 16]),
            person: None,
            fact: Fact::UserReinstated,
        };
        let record = draft.write(|_, plaintext| plaintext.to_vec());
        Stored { position: Position(position), record: record.expect("a record") }
    }

    fn kept(positions: impl IntoIterator<Item = u64>) -> Recent {
        let recent = Recent::default();
        recent.keep(positions.into_iter().map(stored));
        recent
    }

    fn handed(recent: &Recent, after: u64, limit: usize) -> Vec<u64> {
        recent.after(Position(after), limit).iter().map(|stored| stored.position.0).collect()
    }

    #[test]
    fn what_follows_is_handed_on_and_nothing_that_does_not() {
        let recent = kept(5..=9);
        assert_eq!(handed(&recent, 4, 10), [5, 6, 7, 8, 9]);
        assert_eq!(handed(&recent, 6, 2), [7, 8]);
        for elsewhere in [0, 3, 9, 10, u64::MAX] {
            assert!(handed(&recent, elsewhere, 10).is_empty(), "{elsewhere}");
        }
        assert!(handed(&Recent::default(), 0, 10).is_empty());
    }

    #[test]
    fn behind_what_another_process_committed_it_begins_anew() {
        let recent = kept([1, 2, 5, 6]);
        assert!(handed(&recent, 0, 10).is_empty() && handed(&recent, 3, 10).is_empty());
        assert_eq!(handed(&recent, 4, 10), [5, 6]);
        recent.keep([stored(3), stored(6)]);
        assert_eq!(handed(&recent, 4, 10), [5, 6], "what is older, or there, changes nothing");
    }

    #[test]
    fn it_is_bounded() {
        let recent = kept(1..=MAX_RECORDS as u64 + 10);
        assert!(handed(&recent, 9, 1).is_empty());
        assert_eq!(handed(&recent, 10, 1), [11]);
    }
}
