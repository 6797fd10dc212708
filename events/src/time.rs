//! Moments, to the microsecond, in UTC. They tell people when; they never order anything.

use chrono::{DateTime, Datelike, SecondsFormat, TimeZone, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr, time::Duration};

/// A moment in UTC, in microseconds since 1970. On the wire RFC 3339 with six decimals and `Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// A text that is not an RFC 3339 date-time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("time {0:?} is not an RFC 3339 date-time")]
pub struct InvalidTimestamp(pub String);

impl Timestamp {
    /// From microseconds since 1970.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, as a JWT's NumericDate (RFC 7519 §2).
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This moment and `span` more; stops at the end of time.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// `span` before this moment; stops at the beginning of time.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not after.
    #[must_use]
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The calendar month that this moment lies in.
    #[must_use]
    pub fn month(self) -> Month {
        let date = self.date_time();
        Month { year: date.year(), month: date.month() }
    }

    /// The calendar day that this moment lies in.
    #[must_use]
    pub const fn day(self) -> Day {
        Day(self.0.div_euclid(DAY_MICROS))
    }

    fn date_time(self) -> DateTime<Utc> {
        // Only moments some 260,000 years away have no calendar date.
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.date_time().to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        match DateTime::parse_from_rfc3339(text) {
            Ok(moment) => Ok(Self(moment.timestamp_micros())),
            Err(_) => Err(InvalidTimestamp(text.chars().take(64).collect())),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// A calendar day in UTC, written `2026-11-25`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let morning = Timestamp(self.0.saturating_mul(DAY_MICROS)).date_time();
        write!(f, "{}", morning.date_naive())
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A calendar month in UTC, written `2026-11`. Network facts are sealed under a key a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i32,
    month: u32,
}

impl Month {
    /// The first moment after the month.
    #[must_use]
    pub fn end(self) -> Timestamp {
        let (year, month) = if self.month == 12 { (self.year + 1, 1) } else { (self.year, self.month + 1) };
        // Every month of a year that four digits can write begins at midnight.
        let first = Utc.with_ymd_and_hms(year, month, 1, 0, 0, 0).earliest().unwrap_or_default();
        Timestamp(first.timestamp_micros())
    }

    /// The first moment of the month.
    #[must_use]
    pub fn start(self) -> Timestamp {
        let first = Utc.with_ymd_and_hms(self.year, self.month, 1, 0, 0, 0).earliest().unwrap_or_default();
        Timestamp(first.timestamp_micros())
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let refused = || InvalidTimestamp(text.chars().take(64).collect());
        let (year, month) = text.split_once('-').ok_or_else(refused)?;
        let digits = |part: &str, len| part.len() == len && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(refused());
        }
        match (year.parse(), month.parse()) {
            (Ok(year), Ok(month @ 1..=12)) => Ok(Self { year, month }),
            (Ok(_), Ok(_)) | (Err(_), _) | (_, Err(_)) => Err(refused()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_survives_its_text() {
        let moment = Timestamp::from_micros(1_795_468_800_123_456);
        assert_eq!(moment.to_string().parse(), Ok(moment));
        assert!(moment.to_string().ends_with(".123456Z"));
    }

    #[test]
    fn a_day_ends_at_midnight() {
        let noon: Timestamp = "2026-11-25T12:00:00Z".parse().expect("a moment");
        let last: Timestamp = "2026-11-25T23:59:59.999999Z".parse().expect("a moment");
        let next: Timestamp = "2026-11-26T00:00:00Z".parse().expect("a moment");
        assert_eq!(noon.day().to_string(), "2026-11-25");
        assert_eq!(noon.day(), last.day());
        assert!(last.day() < next.day());
    }

    #[test]
    fn a_month_is_read_as_it_is_written() {
        let month = Timestamp::from_micros(1_795_468_800_000_000).month();
        assert_eq!(month.to_string(), "2026-11");
        assert_eq!("2026-11".parse(), Ok(month));
        assert_eq!(month.start().to_string(), "2026-11-01T00:00:00.000000Z");
        assert_eq!(month.end().to_string(), "2026-12-01T00:00:00.000000Z");
        assert_eq!(
            "2026-12".parse::<Month>().map(Month::end),
            Ok("2027-01-01T00:00:00Z".parse().expect("a moment"))
        );
        for wrong in ["2026-13", "2026-1", "26-11", "2026/11", "+026-11", ""] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }
}
