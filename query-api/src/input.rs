//! What a query asks for, parsed whole: every mistake is told at once.

use events::{Actor, Position, Timestamp, UserId};
use serde::Deserialize;
use service::{FieldError, Problem};
use std::str::FromStr;

/// How many items a page has unless told otherwise.
const DEFAULT_LIMIT: usize = 50;
/// How many it has at most.
const MAX_LIMIT: usize = 200;
/// The longest text to search or filter by, in characters.
const MAX_TEXT: usize = 200;

/// Which page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OnePage {
    /// How many, from 1 to 200; 50 unless told.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200)]
    pub(crate) limit: Option<String>,
    /// The `next_cursor` of the page before.
    #[param(format = "cursor")]
    pub(crate) cursor: Option<String>,
}

/// Nothing: a parameter that is sent was meant for something else.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Checks(Vec<FieldError>);

impl Checks {
    /// How many items a page shall have.
    pub(crate) fn limit(&mut self, text: Option<&str>) -> usize {
        let limit = text.map_or(Some(DEFAULT_LIMIT), |text| text.parse().ok());
        match limit {
            Some(limit @ 1..=MAX_LIMIT) => limit,
            Some(_) | None => {
                self.refuse("limit", "invalid_value", "a whole number from 1 to 200");
                DEFAULT_LIMIT
            }
        }
    }

    /// A text to compare with; `None` when none is given.
    pub(crate) fn text(&mut self, name: &str, text: Option<&str>) -> Option<String> {
        let text = text?;
        if text.is_empty() || text.chars().count() > MAX_TEXT || text.chars().any(char::is_control) {
            self.refuse(name, "invalid_value", "1 to 200 characters, none of them a control character");
            return None;
        }
        Some(text.to_owned())
    }

    /// Anything that is parsed from text; `what` says what would be right.
    pub(crate) fn parsed<T: FromStr>(
        &mut self,
        name: &str,
        text: Option<&str>,
        what: &'static str,
    ) -> Option<T> {
        match text?.parse() {
            Ok(value) => Some(value),
            Err(_) => {
                self.refuse(name, "invalid_value", what);
                None
            }
        }
    }

    /// A moment.
    pub(crate) fn time(&mut self, name: &str, text: Option<&str>) -> Option<Timestamp> {
        self.parsed(name, text, "a time as in RFC 3339")
    }

    /// A place in the log, told by itself or by a time.
    pub(crate) fn moment(&mut self, name: &str, text: Option<&str>) -> Option<Moment> {
        self.parsed(name, text, "a position, which is a whole number, or a time as in RFC 3339")
    }

    /// A place in the log.
    pub(crate) fn position(&mut self, name: &str, text: Option<&str>) -> Option<Position> {
        self.parsed(name, text, "a position, which is a whole number").and_then(|position| {
            // The tables count in signed numbers.
            if i64::try_from(position).is_err() {
                self.refuse(name, "invalid_value", "a position, which is a whole number");
                return None;
            }
            Some(Position(position))
        })
    }

    /// Whoever did something: as items show them, or a bare user id.
    pub(crate) fn actor(&mut self, name: &str, text: Option<&str>) -> Option<Actor> {
        if let Some(Ok(user)) = text.map(str::parse::<UserId>) {
            return Some(Actor::User(user));
        }
        self.parsed(
            name,
            text,
            "user:{id}, service:{account}, service:{account}/{key}, anonymous, system or operator",
        )
    }

    /// One of the parameters is wrong; `what` says what would be right.
    pub(crate) fn refuse(&mut self, name: &str, code: &'static str, what: &'static str) {
        self.0.push(FieldError::new(format!("/{name}"), code, format!("This should be {what}.")));
    }

    /// All is well, or 422 with everything that is not.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::validation(self.0)) }
    }
}

/// A moment in history: a position of the log, or a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// When the record at this position was written.
    Position(Position),
    /// At this time, as the recording services' clocks had it.
    Time(Timestamp),
}

impl FromStr for Moment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let position = text.parse().ok().filter(|position| i64::try_from(*position).is_ok());
        let time = || text.parse().map(Moment::Time);
        position.map_or_else(|| time().map_err(|_| ()), |position| Ok(Moment::Position(Position(position))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_1_to_200_items_and_50_unless_told() {
        let mut checks = Checks::default();
        assert_eq!(checks.limit(None), 50);
        assert_eq!(checks.limit(Some("1")), 1);
        assert_eq!(checks.limit(Some("200")), 200);
        assert!(checks.finish().is_ok());
        for wrong in ["0", "-1", "201", "1000000000", "99999999999999999999999", "abc", "", "1.5", " 1"] {
            let mut checks = Checks::default();
            checks.limit(Some(wrong));
            assert!(checks.finish().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_text_is_bounded_and_holds_no_control_characters() {
        for wrong in ["", "a\u{0}b", "a\nb", &"x".repeat(201)] {
            let mut checks = Checks::default();
            assert_eq!(checks.text("q", Some(wrong)), None);
            assert!(checks.finish().is_err(), "{wrong:?}");
        }
        assert_eq!(Checks::default().text("q", Some("%_é")), Some("%_é".to_owned()));
    }

    #[test]
    fn a_point_in_the_past_is_a_position_or_a_time() {
        assert_eq!("17".parse(), Ok(Moment::Position(Position(17))));
        let time = "2026-11-23T21:00:00Z";
        assert_eq!(time.parse(), Ok(Moment::Time(time.parse().expect("a time"))));
        for wrong in ["", "yesterday", "-1", "99999999999999999999", "2026-11-23"] {
            assert_eq!(wrong.parse::<Moment>(), Err(()), "{wrong:?}");
        }
    }

    #[test]
    fn positions_that_the_tables_cannot_hold_are_refused() {
        let mut checks = Checks::default();
        assert_eq!(checks.position("after", Some("9223372036854775807")), Some(Position(i64::MAX as u64)));
        assert_eq!(checks.position("after", Some("9223372036854775808")), None);
        assert!(checks.finish().is_err());
    }
}
