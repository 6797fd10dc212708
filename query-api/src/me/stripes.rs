//! When something was last touched, for a great many things in a little memory.

use events::Position;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// How many stripes there are. Two things that share one are only taken for changed too early, never too late.
const STRIPES: usize = 4_096;

/// The newest position at which anything that falls on a stripe was touched.
///
/// One task writes (the feed), in position order; any number read.
#[derive(Debug)]
pub(crate) struct Stripes(Box<[AtomicU64]>);

impl Stripes {
    /// What was touched up to `from` is not known, so everything counts as touched there.
    pub(crate) fn new(from: Position) -> Self {
        Self((0..STRIPES).map(|_| AtomicU64::new(from.0)).collect())
    }

    /// This was touched by the record at this position.
    pub(crate) fn touch(&self, id: Uuid, position: Position) {
        self.stripe(id).fetch_max(position.0, Ordering::Relaxed);
    }

    /// The newest position at which this may have been touched.
    pub(crate) fn last_touched(&self, id: Uuid) -> Position {
        Position(self.stripe(id).load(Ordering::Relaxed))
    }

    /// The low bits of a version 7 id are random (RFC 9562 §5.7).
    fn stripe(&self, id: Uuid) -> &AtomicU64 {
        let (_, random) = id.as_u64_pair();
        &self.0[usize::try_from(random % STRIPES as u64).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_touch_is_remembered() {
        let stripes = Stripes::new(Position(2));
        let id = Uuid::from_u128(0x0193_5a1c_0000_7000_8000_0000_0000_0001);
        assert_eq!(stripes.last_touched(id), Position(2));
        stripes.touch(id, Position(9));
        stripes.touch(id, Position(4));
        assert_eq!(stripes.last_touched(id), Position(9));
    }

    #[test]
    fn a_neighbour_on_the_same_stripe_is_touched_too_and_no_other() {
        let stripes = Stripes::new(Position::START);
        stripes.touch(Uuid::from_u128(5), Position(9));
        assert_eq!(stripes.last_touched(Uuid::from_u128(5 + STRIPES as u128)), Position(9));
        assert_eq!(stripes.last_touched(Uuid::from_u128(6)), Position::START);
    }
}
