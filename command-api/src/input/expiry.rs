//! When something is to end.

use super::Flaw;
use events::Timestamp;
use std::time::Duration;

/// The longest that a key holds: a year and a day, so that one that is made anew each year is never late.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Reads the moment (RFC 3339) when a key is to expire, which is to come and not farther away than a year.
pub(crate) fn expiry(text: &str, now: Timestamp) -> Result<Timestamp, Flaw> {
    let refused = |detail| Flaw::new("expiry_invalid", detail);
    let moment: Timestamp = text.parse().map_err(|_| refused("This should be a time as in RFC 3339."))?;
    match now < moment && moment <= now.after(LONGEST) {
        true => Ok(moment),
        false => Err(refused("A key expires within 366 days from now.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_within_a_year() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().expect("a moment");
        for right in ["2026-11-25T12:00:01Z", "2027-11-25T12:00:00+01:00", "2027-11-26T12:00:00Z"] {
            assert!(expiry(right, now).is_ok(), "{right}");
        }
        for wrong in ["2026-11-25T12:00:00Z", "2027-11-26T12:00:01Z", "2020-01-01T00:00:00Z", "tomorrow", ""]
        {
            assert!(expiry(wrong, now).is_err(), "{wrong}");
        }
    }
}
