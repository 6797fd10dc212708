//! A record on its way, chained to the one before it.

use crate::log::Stored;
use events::Position;

/// A record and the position of the one before it in the log: whoever stands there has nothing between.
///
/// Positions alone do not tell that, as KurrentDB's are ordered but not dense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) after: Position,
    pub(crate) stored: Stored,
}

/// A page of the log as a chain. It MUST begin right after `from`, which is a record's position or the log's start.
pub(crate) fn chain(from: Position, page: Vec<Stored>) -> Vec<Carried> {
    let mut after = from;
    let link = |stored: Stored| {
        let link = Carried { after, stored };
        after = link.stored.position;
        link
    };
    page.into_iter().map(link).collect()
}
