//! Answers to "who am I", by session, bounded.

use bytes::Bytes;
use events::{Position, SessionId, Timestamp, UserId};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How many shards: enough that two threads seldom want the same lock.
const SHARDS: usize = 64;
/// How many answers one generation of a shard holds: 64 × 2 × 128 answers of less than a kilobyte at most.
const GENERATION: usize = 128;

/// One answer, as it was at a position.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Whom it is about.
    pub(crate) user: UserId,
    /// The JSON text.
    pub(crate) body: Bytes,
    /// The position of the snapshot that it was read from.
    pub(crate) position: Position,
    /// When it was read.
    pub(crate) read_at: Timestamp,
}

/// The answers.
///
/// A shard has two generations. New and used answers lie in the young one; when it is full it becomes the old one
/// and what nobody used since the last time is dropped with the one before. That is nearly "least recently used"
/// for the price of a map.
#[derive(Debug)]
pub(crate) struct Cache(Box<[Mutex<Shard>]>);

#[derive(Debug, Default)]
struct Shard {
    young: HashMap<SessionId, Entry>,
    old: HashMap<SessionId, Entry>,
}

impl Cache {
    /// Nothing in it.
    pub(crate) fn new() -> Self {
        Self((0..SHARDS).map(|_| Mutex::default()).collect())
    }

    /// The answer for a session, whether it is still right or not.
    pub(crate) fn get(&self, session: SessionId) -> Option<Entry> {
        let mut shard = self.shard(session);
        if let Some(entry) = shard.young.get(&session) {
            return Some(entry.clone());
        }
        let entry = shard.old.remove(&session)?;
        shard.insert(session, entry.clone());
        Some(entry)
    }

    /// Keeps an answer, unless a newer one is there already.
    pub(crate) fn put(&self, session: SessionId, entry: Entry) {
        let mut shard = self.shard(session);
        let known = shard.young.get(&session).or_else(|| shard.old.get(&session));
        if known.is_none_or(|known| known.position <= entry.position) {
            shard.insert(session, entry);
        }
    }

    fn shard(&self, session: SessionId) -> MutexGuard<'_, Shard> {
        let (_, random) = session.0.as_u64_pair();
        // The stripes take the lowest bits; other bits here, so that the two do not fall together.
        let shard = usize::try_from((random >> 16) % SHARDS as u64).unwrap_or(0);
        // An answer is put in or taken out whole, so a panic elsewhere leaves nothing half done.
        self.0[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    fn insert(&mut self, session: SessionId, entry: Entry) {
        if self.young.len() >= GENERATION && !self.young.contains_key(&session) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(session, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn session(n: u128) -> SessionId {
        SessionId(Uuid::from_u128(n))
    }

    fn entry(position: u64) -> Entry {
        Entry {
            user: UserId(Uuid::from_u128(1)),
            body: Bytes::from_static(b"{}"),
            position: Position(position),
            read_at: Timestamp::default(),
        }
    }

    fn position(cache: &Cache, n: u128) -> Option<u64> {
        cache.get(session(n)).map(|entry| entry.position.0)
    }

    #[test]
    fn an_older_answer_never_replaces_a_newer_one() {
        let cache = Cache::new();
        cache.put(session(1), entry(9));
        cache.put(session(1), entry(4));
        assert_eq!(position(&cache, 1), Some(9));
    }

    #[test]
    fn what_is_used_outlives_what_is_not_and_the_rest_is_dropped() {
        let cache = Cache::new();
        let generation = GENERATION as u128;
        cache.put(session(0), entry(1));
        cache.put(session(1), entry(1));
        for n in 2..3 * generation {
            cache.put(session(n), entry(1));
            assert_eq!(position(&cache, 0), Some(1), "after {n}");
        }
        assert_eq!(position(&cache, 1), None);
        let shard = cache.shard(session(0));
        assert!(shard.young.len() + shard.old.len() <= 2 * GENERATION);
    }
}
