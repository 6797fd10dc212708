//! What becomes of network facts: a month's key is destroyed when its time has run out, unless a hold on that period stands.

use crate::domain::{Contradiction, Happened, Refusal};
use events::{Fact, HoldLifted, HoldName, HoldPlaced, Month, NetworkEnded, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// How many holds may stand at once.
const MOST_HOLDS: usize = 200;

/// Folded from the whole of `retention-network`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retention {
    holds: BTreeMap<HoldName, HoldPlaced>,
    ended: BTreeSet<Month>,
}

impl Retention {
    /// What these records tell of, in stream order from the first.
    pub fn fold<'a>(history: impl IntoIterator<Item = Happened<'a>>) -> Result<Self, Contradiction> {
        history.into_iter().try_fold(Self::default(), Self::apply)
    }

    fn apply(mut self, happened: Happened<'_>) -> Result<Self, Contradiction> {
        if let Fact::HoldPlaced(hold) = happened.fact {
            self.holds.insert(hold.name.clone(), hold.clone());
        } else if let Fact::HoldLifted(lifted) = happened.fact {
            self.holds.remove(&lifted.name);
        } else if let Fact::NetworkEnded(ended) = happened.fact {
            self.ended.insert(ended.month);
        } else {
            return Err(Contradiction::new(&happened, "retention"));
        }
        Ok(self)
    }

    /// Whether it stands in the log that a month's key is destroyed.
    #[must_use]
    pub fn has_ended(&self, month: Month) -> bool {
        self.ended.contains(&month)
    }

    /// Whether a hold stands on any part of a month.
    #[must_use]
    pub fn holds(&self, month: Month) -> bool {
        self.holds.values().any(|hold| hold.from < month.end() && month.start() < hold.to)
    }
}

/// Keeps the network facts of a period until it is lifted. A name that stands already stands for this from now on.
pub fn place_period_hold(
    retention: &Retention,
    name: &HoldName,
    (from, to): (Timestamp, Timestamp),
    grounds: &str,
) -> Result<Vec<Fact>, Refusal> {
    let hold = HoldPlaced { name: name.clone(), from, to, grounds: grounds.to_owned() };
    match retention.holds.get(name) {
        Some(stands) if *stands == hold => Ok(vec![]),
        None if retention.holds.len() >= MOST_HOLDS => Err(Refusal::TooManyHolds),
        Some(_) | None => Ok(vec![Fact::HoldPlaced(hold)]),
    }
}

/// Lets the network facts of a period end again.
pub fn lift_period_hold(retention: &Retention, name: &HoldName) -> Result<Vec<Fact>, Refusal> {
    match retention.holds.contains_key(name) {
        true => Ok(vec![Fact::HoldLifted(HoldLifted { name: name.clone() })]),
        false => Err(Refusal::UnknownHold),
    }
}

/// Ends a month's network facts, once and for good.
pub fn end_network(retention: &Retention, month: Month) -> Result<Vec<Fact>, Refusal> {
    if retention.has_ended(month) {
        return Ok(vec![]);
    }
    match retention.holds(month) {
        true => Err(Refusal::LegalHold),
        false => Ok(vec![Fact::NetworkEnded(NetworkEnded { month })]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::support::{minute, position_of};
    use events::Version;

    fn told(facts: &[Fact]) -> Retention {
        let happened = |(version, fact)| Happened {
            position: position_of(Version(version)),
            version: Version(version),
            at: minute(version),
            fact,
        };
        Retention::fold((1..).zip(facts).map(happened)).expect("a history that can be true")
    }

    fn month(text: &str) -> Month {
        text.parse().expect("a month")
    }

    fn name(text: &str) -> HoldName {
        text.parse().expect("a name")
    }

    fn moment(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    /// From the middle of March to the very end of April.
    fn period() -> (Timestamp, Timestamp) {
        (moment("2026-03-15T00:00:00Z"), moment("2026-05-01T00:00:00Z"))
    }

    #[test]
    fn a_month_ends_once() {
        let ended = end_network(&told(&[]), month("2026-03")).expect("nothing holds it");
        assert_eq!(ended, [Fact::NetworkEnded(NetworkEnded { month: month("2026-03") })]);
        assert_eq!(end_network(&told(&ended), month("2026-03")), Ok(vec![]));
    }

    #[test]
    fn a_hold_keeps_every_month_that_it_touches_and_no_other() {
        let held = place_period_hold(&told(&[]), &name("case-7"), period(), "a claim").expect("placed");
        let retention = told(&held);
        for (text, is_held) in [("2026-02", false), ("2026-03", true), ("2026-04", true), ("2026-05", false)]
        {
            assert_eq!(end_network(&retention, month(text)).is_err(), is_held, "{text}");
        }
        assert_eq!(place_period_hold(&retention, &name("case-7"), period(), "a claim"), Ok(vec![]));
        let lifted = lift_period_hold(&retention, &name("case-7")).expect("it stands");
        let retention = told(&[held, lifted].concat());
        assert!(end_network(&retention, month("2026-03")).is_ok());
        assert_eq!(lift_period_hold(&retention, &name("case-7")), Err(Refusal::UnknownHold));
    }

    #[test]
    fn only_so_many_holds_stand_at_once() {
        let hold = |n: usize| HoldPlaced {
            name: name(&format!("case-{n}")),
            from: period().0,
            to: period().1,
            grounds: "a claim".into(),
        };
        let full = told(&(0..MOST_HOLDS).map(|n| Fact::HoldPlaced(hold(n))).collect::<Vec<_>>());
        let refused = place_period_hold(&full, &name("one-more"), period(), "a claim");
        assert_eq!(refused, Err(Refusal::TooManyHolds));
        assert!(place_period_hold(&full, &name("case-1"), period(), "another").is_ok(), "it stands already");
    }
}
