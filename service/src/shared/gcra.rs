//! How often is too often, as arithmetic: the generic cell rate algorithm (ITU-T I.371, annex A). `script.lua` does the
//! same, and a test holds the two together.
//!
//! A bucket is one number, the time at which it would be as good as unused (the "theoretical arrival time"). So it
//! needs no upkeep, and one whose time has come can be forgotten without anything being lost.

use std::time::Duration;

/// As many as `burst` at once, and one more each `interval`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota {
    /// At least 1.
    pub(super) burst: u32,
    /// At least a microsecond.
    pub(super) interval: Duration,
}

/// What becomes of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may go on.
    Admitted {
        /// How much of the bucket's span is taken now: more than nothing, and at most all of it.
        taken: Duration,
    },
    /// The next one may, after `wait`, which is at least a microsecond.
    Refused {
        /// How long.
        wait: Duration,
    },
}

#[cfg(test)]
impl Verdict {
    /// Whether it may go on.
    pub(super) const fn admits(self) -> bool {
        matches!(self, Verdict::Admitted { .. })
    }
}

impl Quota {
    /// How many more may come at once when so much of the span is taken, and in how long there is one more.
    pub(super) fn left(self, taken: Duration) -> (u32, Duration) {
        let used = taken.as_micros().div_ceil(self.interval.as_micros().max(1));
        let used = u32::try_from(used).unwrap_or(u32::MAX);
        let more_in = taken.saturating_sub(self.interval.saturating_mul(used.saturating_sub(1)));
        (self.burst.saturating_sub(used), more_in)
    }

    /// How long it takes until a bucket from which all was taken is as good as unused.
    pub(super) const fn span(self) -> Duration {
        self.interval.saturating_mul(self.burst)
    }
}

/// Whether one more fits a bucket at a moment, both in microseconds; what the bucket is then.
pub(super) fn decide(bucket: Option<i64>, now: i64, quota: Quota) -> (Verdict, i64) {
    let (interval, span) = (micros(quota.interval), micros(quota.span()));
    // No bucket is further ahead than its span, unless the clock was set back: then it is an empty one, no worse.
    let arrival = bucket.unwrap_or(now).clamp(now, now.saturating_add(span));
    let next = arrival.saturating_add(interval);
    match u64::try_from(next - now - span) {
        Ok(0) | Err(_) => (Verdict::Admitted { taken: span_of(next - now) }, next),
        Ok(wait) => (Verdict::Refused { wait: Duration::from_micros(wait) }, arrival),
    }
}

fn span_of(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTA: Quota = Quota { burst: 3, interval: Duration::from_secs(10) };
    const SECOND: i64 = 1_000_000;

    /// Who of those who come at these seconds is admitted.
    fn admitted(seconds: impl IntoIterator<Item = i64>) -> Vec<bool> {
        let mut bucket = None;
        let admit = |second: i64| {
            let (verdict, next) = decide(bucket, second * SECOND, QUOTA);
            bucket = Some(next);
            verdict.admits()
        };
        seconds.into_iter().map(admit).collect()
    }

    #[test]
    fn a_burst_is_admitted_and_then_one_each_interval() {
        assert_eq!(
            admitted([0, 0, 0, 0, 9, 10, 10, 20]),
            [true, true, true, false, false, true, false, true]
        );
    }

    #[test]
    fn whoever_waits_long_has_a_burst_again_and_no_more() {
        assert_eq!(admitted([0, 0, 0, 900, 900, 900, 900]), [true, true, true, true, true, true, false]);
    }

    #[test]
    fn who_is_refused_learns_when_it_will_do_and_loses_nothing_by_asking() {
        let mut bucket = None;
        for _ in 0..3 {
            bucket = Some(decide(bucket, 0, QUOTA).1);
        }
        for second in [0, 4, 9] {
            let (verdict, next) = decide(bucket, second * SECOND, QUOTA);
            let wait = Duration::from_secs(u64::try_from(10 - second).expect("positive"));
            assert_eq!((verdict, Some(next)), (Verdict::Refused { wait }, bucket));
        }
    }

    #[test]
    fn who_is_admitted_learns_how_many_more_may_come_and_when_there_is_one_more() {
        let mut bucket = None;
        let left = [0, 0, 4, 10].map(|second| {
            let (verdict, next) = decide(bucket, second * SECOND, QUOTA);
            bucket = Some(next);
            match verdict {
                Verdict::Admitted { taken } => Some(QUOTA.left(taken)),
                Verdict::Refused { .. } => None,
            }
        });
        let seconds = Duration::from_secs;
        assert_eq!(
            left,
            [Some((2, seconds(10))), Some((1, seconds(10))), Some((0, seconds(6))), Some((0, seconds(10)))]
        );
    }

    #[test]
    fn a_clock_that_is_set_back_by_years_refuses_for_an_interval_at_most() {
        let year = 365 * 86_400 * SECOND;
        let (_, bucket) = decide(None, year, QUOTA);
        assert_eq!(decide(Some(bucket), 0, QUOTA).0, Verdict::Refused { wait: QUOTA.interval });
        let (_, emptied) = decide(Some(bucket), 0, QUOTA);
        assert!(decide(Some(emptied), 10 * SECOND, QUOTA).0.admits());
    }
}
