//! Facts about what must not be forgotten yet, and what was: on `retention-network`.

use crate::{HoldName, Month, Timestamp};
use serde::{Deserialize, Serialize};

/// `hold.placed.v1`: the whole hold, as it is from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldPlaced {
    /// Which.
    pub name: HoldName,
    /// The first moment of the period.
    pub from: Timestamp,
    /// The first moment after the period.
    pub to: Timestamp,
    /// Why. It stands clear in the log for good, so it names nobody.
    pub grounds: String,
}

/// `hold.lifted.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldLifted {
    /// Which.
    pub name: HoldName,
}

/// `retention.network_ended.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkEnded {
    /// The month whose key is destroyed.
    pub month: Month,
}
