//! Time and randomness, the only place that takes them from the system. Everything else is handed them.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use events::Timestamp;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use uuid::Uuid;

/// What tells the time.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The system's clock.
    System,
    /// A clock that stands still until it is advanced, in microseconds since 1970. For tests.
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `moment`. Its clones show the same time.
    #[must_use]
    pub fn set_to(moment: Timestamp) -> Self {
        Clock::Set(Arc::new(AtomicI64::new(moment.micros())))
    }

    /// This moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System => system_now(),
            Clock::Set(micros) => Timestamp::from_micros(micros.load(Ordering::SeqCst)),
        }
    }

    /// Moves a set clock on, for all its clones. The system's clock goes by itself and stays as it is.
    pub fn advance(&self, span: Duration) {
        match self {
            Clock::System => {}
            Clock::Set(micros) => {
                let later = self.now().after(span);
                micros.store(later.micros(), Ordering::SeqCst);
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where the time comes from")]
fn system_now() -> Timestamp {
    // A clock before 1970 is so wrong that any other wrong time is as good.
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(0).after(since_1970)
}

/// Where random bits come from.
#[derive(Debug, Clone)]
pub enum Entropy {
    /// The system's cryptographic generator.
    System,
    /// The same bits in every run. For tests; MUST NOT serve anybody.
    Seeded(Arc<AtomicU64>),
}

impl Entropy {
    /// A generator that always gives what it gave for this seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Entropy::Seeded(Arc::new(AtomicU64::new(seed)))
    }

    /// `N` random bytes.
    ///
    /// # Panics
    ///
    /// When the system's generator fails: nothing that needs a secret may go on without one.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// Fills `bytes` with random ones.
    ///
    /// # Panics
    ///
    /// When the system's generator fails: nothing that needs a secret may go on without one.
    pub fn fill(&self, bytes: &mut [u8]) {
        match self {
            Entropy::System => {
                assert!(SystemRandom::new().fill(bytes).is_ok(), "the system's random generator failed");
            }
            Entropy::Seeded(state) => {
                for chunk in bytes.chunks_mut(8) {
                    let word = split_mix(state.fetch_add(SPLIT_MIX_STEP, Ordering::SeqCst));
                    chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
                }
            }
        }
    }

    /// A UUIDv7 (RFC 9562 §5.7) of this moment, with 74 random bits.
    #[must_use]
    pub fn uuid_v7(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.micros().div_euclid(1_000)).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }
}

const SPLIT_MIX_STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64: well spread, and nothing more than that.
fn split_mix(state: u64) -> u64 {
    let mut word = state.wrapping_add(SPLIT_MIX_STEP);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_clock_moves_for_all_its_clones_and_only_when_told() {
        let clock = Clock::set_to(Timestamp::from_micros(1_000));
        let other = clock.clone();
        assert_eq!(other.now().micros(), 1_000);
        clock.advance(Duration::from_secs(2));
        assert_eq!(other.now().micros(), 2_001_000);
    }

    #[test]
    fn the_system_clock_is_past_the_day_this_was_written() {
        assert!(Clock::System.now() > Timestamp::from_micros(1_790_000_000_000_000));
    }

    #[test]
    fn seeded_bits_repeat_and_differ_among_themselves() {
        let (one, same, other) = (Entropy::seeded(1), Entropy::seeded(1), Entropy::seeded(2));
        let first: [u8; 20] = one.bytes();
        assert_eq!(first, same.bytes::<20>());
        assert_ne!(first, one.bytes::<20>());
        assert_ne!(first, other.bytes::<20>());
    }

    #[test]
    fn an_id_carries_its_moment_and_sorts_by_it() {
        let entropy = Entropy::System;
        let early = entropy.uuid_v7(Timestamp::from_micros(1_795_468_800_123_000));
        let late = entropy.uuid_v7(Timestamp::from_micros(1_795_468_800_124_000));
        assert!(early < late);
        assert_eq!(early.get_version_num(), 7);
        assert_eq!(early.get_timestamp().map(|stamp| stamp.to_unix()), Some((1_795_468_800, 123_000_000)));
        assert_ne!(early, entropy.uuid_v7(Timestamp::from_micros(1_795_468_800_123_000)));
    }
}
