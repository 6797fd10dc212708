//! Buckets in this process: as many as fit, and no more.

use super::{
    Class,
    gcra::{Quota, Verdict, decide},
    limiter::Who,
};
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
};

/// How many shards: enough that two threads seldom want the same lock.
const SHARDS: usize = 64;
/// How many buckets a shard holds: 64 × 1,024 buckets of some fifty bytes are three megabytes at most.
const BUCKETS: usize = 1_024;

type Shard = HashMap<(Class, Who), i64>;

/// How often each of many has asked lately.
///
/// A full shard first forgets the buckets that are as good as unused, which loses nothing; when there are none, the one
/// that is nearest to it, which gives away the least.
#[derive(Debug)]
pub(super) struct Buckets {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
}

impl Buckets {
    pub(super) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            // With keys of its own, so that nobody can choose addresses that share a shard.
            hasher: RandomState::new(),
        }
    }

    /// One more attempt, at a moment in microseconds.
    pub(super) fn admit(&self, class: Class, who: Who, quota: Quota, now: i64) -> Verdict {
        let key = (class, who);
        let shard = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        // A bucket is one number, so a panic elsewhere leaves nothing half done.
        let mut shard = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = shard.get_mut(&key) {
            let (verdict, next) = decide(Some(*bucket), now, quota);
            *bucket = next;
            return verdict;
        }
        if shard.len() >= BUCKETS {
            make_room(&mut shard, now);
        }
        let (verdict, next) = decide(None, now, quota);
        shard.insert(key, next);
        verdict
    }
}

fn make_room(shard: &mut Shard, now: i64) {
    shard.retain(|_, arrival| *arrival > now);
    if shard.len() < BUCKETS {
        return;
    }
    let stalest = shard.iter().min_by_key(|(_, arrival)| **arrival).map(|(key, _)| *key);
    if let Some(stalest) = stalest {
        shard.remove(&stalest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Subscriber;
    use std::{net::Ipv4Addr, time::Duration};

    const QUOTA: Quota = Quota { burst: 2, interval: Duration::from_secs(1) };

    fn who(number: u32) -> Who {
        Who::Subscriber(Subscriber::of(Some(Ipv4Addr::from_bits(number).into())))
    }

    fn kept(buckets: &Buckets) -> usize {
        buckets.shards.iter().map(|shard| shard.lock().expect("not poisoned").len()).sum()
    }

    fn admitted(buckets: &Buckets, number: u32, now: i64) -> bool {
        buckets.admit(Class::Requests, who(number), QUOTA, now).admits()
    }

    #[test]
    fn each_has_a_bucket_of_their_own_in_each_class() {
        let buckets = Buckets::new();
        assert_eq!([1, 1, 1, 2].map(|number| admitted(&buckets, number, 0)), [true, true, false, true]);
        assert!(buckets.admit(Class::Commands, who(1), QUOTA, 0).admits());
    }

    #[test]
    fn a_flood_from_everywhere_takes_bounded_room_and_forgives_nobody_who_is_still_at_it() {
        let buckets = Buckets::new();
        let sources = u32::try_from(4 * SHARDS * BUCKETS).expect("small");
        for number in 1..=sources {
            assert!(admitted(&buckets, number, i64::from(number)), "{number} came for the first time");
            // Always one attempt further from unused than those who came once.
            admitted(&buckets, 0, i64::from(number));
        }
        assert!(kept(&buckets) <= SHARDS * BUCKETS);
        assert!(!admitted(&buckets, 0, i64::from(sources)));
    }

    #[test]
    fn what_is_as_good_as_unused_goes_first() {
        let mut shard: Shard =
            (0..1_024).map(|number| ((Class::Requests, who(number)), i64::from(number))).collect();
        make_room(&mut shard, 1_000);
        assert_eq!(shard.len(), 23, "those that are beyond 1,000");
        assert!(shard.values().all(|arrival| *arrival > 1_000));
    }
}
