//! Times that are compared, and what they can tell.

use std::{cmp::Ordering, fmt, time::Duration};

/// In standard deviations: one in ten thousand comparisons is further off by chance.
const CERTAIN: f64 = 3.89;
/// What part of the whole a difference must be to count.
const WORTH_TELLING: f64 = 0.05;

/// How long looking somebody up may take without being seen (`LOOKING_UP` in `sign_in.rs`). What is measured here is the most of
/// it and not all, so half of it is as much as may be found.
const HIDDEN: Duration = Duration::from_millis(5);
/// The part of all look-ups of which more makes a difference that is none of the product's.
const MAY_BE_SLOW: f64 = 0.1;

/// A kind that takes another time than the first one, and to which side.
pub(crate) type Difference = (&'static str, Ordering);

/// All that was measured side by side.
pub(crate) struct Measured {
    /// What must not differ from the first of them.
    kinds: Vec<Times>,
    /// What must.
    controls: Vec<Times>,
    look_ups: Vec<Duration>,
}

impl Measured {
    pub(crate) fn of(kinds: &[&'static str], controls: &[&'static str]) -> Self {
        let none =
            |names: &[&'static str]| names.iter().map(|kind| Times { kind, seconds: vec![] }).collect();
        Self { kinds: none(kinds), controls: none(controls), look_ups: vec![] }
    }

    pub(crate) fn note(&mut self, kind: &str, seconds: f64) {
        let times = self.kinds.iter_mut().chain(&mut self.controls).find(|times| times.kind == kind);
        times.expect("a kind that is measured").seconds.push(seconds);
    }

    pub(crate) fn note_look_up(&mut self, took: Duration) {
        self.look_ups.push(took);
    }

    /// Whether everything that does differ is noticed to.
    pub(crate) fn would_tell(&self) -> bool {
        self.controls.iter().all(|control| control.differs_from(&self.kinds[0]).is_some())
    }

    /// What differs and must not.
    pub(crate) fn differences(&self) -> Vec<Difference> {
        let (first, others) = self.kinds.split_first().expect("kinds");
        others.iter().filter_map(|other| Some((other.kind, other.differs_from(first)?))).collect()
    }

    /// Whether the stores are so slow at present that the product cannot hide what they do.
    #[expect(clippy::cast_precision_loss, reason = "counts of a few thousand")]
    pub(crate) fn is_hindered(&self) -> bool {
        let slow = self.look_ups.iter().filter(|took| **took > HIDDEN).count();
        slow as f64 > MAY_BE_SLOW * self.look_ups.len() as f64
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = &self.kinds[0];
        write!(f, "{} tries of each; would notice {:.0} %", first.seconds.len(), 100.0 * first.noticed())?;
        for times in self.kinds.iter().chain(&self.controls) {
            write!(f, "; {}: {:.3} ms", times.kind, 1_000.0 * times.median())?;
        }
        let slow = self.look_ups.iter().filter(|took| **took > HIDDEN).count();
        write!(f, "; {slow} of {} look-ups took longer than {HIDDEN:?}", self.look_ups.len())
    }
}

/// How long each try of one kind took.
struct Times {
    kind: &'static str,
    seconds: Vec<f64>,
}

impl Times {
    fn median(&self) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }

    /// Whether it takes less or more, when the two are certainly not of one distribution and their medians are apart by what is
    /// worth telling.
    fn differs_from(&self, other: &Times) -> Option<Ordering> {
        let apart = (self.median() - other.median()) / other.median();
        let standing = standing(&self.seconds, &other.seconds);
        let counts = apart.abs() > WORTH_TELLING && standing.abs() > CERTAIN;
        // Which side it is, ranks say better than medians.
        counts.then(|| standing.total_cmp(&0.0))
    }

    /// The smallest part of the whole by which another kind could take longer and be told apart as often as not.
    fn noticed(&self) -> f64 {
        let slower = |part: f64| self.seconds.iter().map(|took| took * (1.0 + part)).collect::<Vec<_>>();
        let parts = (5..=300).map(|hundredth| f64::from(hundredth) / 100.0);
        let mut told = parts.filter(|part| standing(&self.seconds, &slower(*part)).abs() > CERTAIN);
        told.next().unwrap_or(f64::INFINITY)
    }
}

/// Mann and Whitney's U of the first sample against the second, in standard deviations from what chance would give
/// (the normal approximation, which samples of this size are far within; two measured times are hardly ever equal).
#[expect(clippy::cast_precision_loss, reason = "counts of a few thousand")]
fn standing(one: &[f64], other: &[f64]) -> f64 {
    let (n, m) = (one.len() as f64, other.len() as f64);
    let won = one.iter().flat_map(|a| {
        other.iter().map(move |b| match a.total_cmp(b) {
            Ordering::Greater => 1.0,
            Ordering::Equal => 0.5,
            Ordering::Less => 0.0,
        })
    });
    (won.sum::<f64>() - n * m / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt()
}

#[test]
fn ranks_are_told_as_in_the_books() {
    // Every one of ten above every one of ten: U is 100, 50 above its mean, of which √175 is one deviation.
    let (low, high): (Vec<f64>, Vec<f64>) =
        ((0..10).map(f64::from).collect(), (10..20).map(f64::from).collect());
    assert!((standing(&high, &low) - 50.0 / 175_f64.sqrt()).abs() < 1e-9);
    assert!(standing(&low, &low).abs() < 1e-9);
}

/// What was measured of kinds that take so much longer than the first, and a control that does.
#[cfg(test)]
fn measured(part: f64, look_up: Duration) -> Measured {
    let mut measured = Measured::of(&["one", "other"], &["slower"]);
    for try_of_it in 0..100 {
        let took = 1.0 + f64::from(try_of_it * 37 % 100) / 1_000.0;
        measured.note("one", took);
        measured.note("other", took * (1.0 + part));
        measured.note("slower", took * 1.5);
        measured.note_look_up(look_up);
    }
    measured
}

#[test]
fn what_differs_is_told_and_to_which_side() {
    for (part, expected) in
        [(0.2, vec![("other", Ordering::Greater)]), (-0.2, vec![("other", Ordering::Less)]), (0.001, vec![])]
    {
        let measured = measured(part, HIDDEN);
        assert!(measured.would_tell() && !measured.is_hindered());
        assert_eq!(measured.differences(), expected);
    }
    assert!(measured(0.2, 2 * HIDDEN).is_hindered());
}
