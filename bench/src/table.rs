//! The table that a run prints.

use std::time::Duration;

/// One line: a figure of ours, what it is held against, and what it should reach.
pub(crate) struct Row {
    /// What was measured.
    pub(crate) scenario: String,
    /// Ours.
    pub(crate) ours: Figure,
    /// The limit or peer of the same run; `None` where the reach is absolute.
    pub(crate) limit: Option<Figure>,
    /// What should be reached.
    pub(crate) reach: Reach,
}

/// A measured figure.
#[derive(Clone, Copy)]
pub(crate) enum Figure {
    /// So many a second.
    PerSecond(f64),
    /// It took so long.
    Took(Duration),
    /// So many mebibytes.
    Mebibytes(f64),
    /// So many of a hundred.
    Percent(f64),
}

/// What a row should reach.
pub(crate) enum Reach {
    /// Ours divided by the limit is at least this.
    AtLeast(f64),
    /// Ours divided by the limit is at most this.
    AtMost(f64),
    /// Ours is at least this many a second.
    PerSecond(f64),
    /// Ours is at most this long.
    Within(Duration),
    /// Ours is at most this many mebibytes.
    Mebibytes(f64),
    /// Ours is at most this many of a hundred.
    PercentAtMost(f64),
}

impl Figure {
    fn value(self) -> f64 {
        match self {
            Figure::PerSecond(value) | Figure::Mebibytes(value) | Figure::Percent(value) => value,
            Figure::Took(took) => took.as_secs_f64(),
        }
    }

    fn text(self) -> String {
        match self {
            Figure::PerSecond(value) => format!("{value:.0}/s"),
            Figure::Took(took) => format!("{:.2} ms", took.as_secs_f64() * 1_000.0),
            Figure::Mebibytes(value) => format!("{value:.1} MiB"),
            Figure::Percent(value) => format!("{value:.2} %"),
        }
    }
}

impl Row {
    /// Whether the row reaches what it should.
    pub(crate) fn reached(&self) -> bool {
        let ratio = self.ratio();
        match &self.reach {
            Reach::AtLeast(least) => ratio.is_some_and(|ratio| ratio >= *least),
            Reach::AtMost(most) => ratio.is_some_and(|ratio| ratio <= *most),
            Reach::PerSecond(least) => self.ours.value() >= *least,
            Reach::Within(most) => self.ours.value() <= most.as_secs_f64(),
            Reach::Mebibytes(most) | Reach::PercentAtMost(most) => self.ours.value() <= *most,
        }
    }

    fn ratio(&self) -> Option<f64> {
        self.limit.map(|limit| self.ours.value() / limit.value())
    }

    /// The row as a line of a Markdown table.
    pub(crate) fn line(&self) -> String {
        let limit = self.limit.map_or("–".to_owned(), Figure::text);
        let ratio = self.ratio().map_or("–".to_owned(), |ratio| format!("{ratio:.2} ×"));
        let reach = match &self.reach {
            Reach::AtLeast(least) => format!("≥ {least} ×"),
            Reach::AtMost(most) => format!("≤ {most} ×"),
            Reach::PerSecond(least) => format!("≥ {least:.0}/s"),
            Reach::Within(most) => format!("≤ {} ms", most.as_millis()),
            Reach::Mebibytes(most) => format!("≤ {most} MiB"),
            Reach::PercentAtMost(most) => format!("≤ {most} %"),
        };
        let verdict = if self.reached() { "yes" } else { "no" };
        format!("| {} | {} | {limit} | {ratio} | {reach} | {verdict} |", self.scenario, self.ours.text())
    }
}

/// The heading of the table.
pub(crate) const HEADING: &str =
    "| scenario | ours | limit in this run | ratio | reach | reached |\n|---|---|---|---|---|---|";
