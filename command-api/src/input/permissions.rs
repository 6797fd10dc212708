//! What somebody or something is to be permitted.

use super::Flaw;
use events::Permission;
use std::collections::BTreeSet;

/// Reads a set of permissions; named twice is named once.
pub(crate) fn permissions(texts: &[String]) -> Result<BTreeSet<Permission>, Flaw> {
    let read: Option<_> = texts.iter().map(|text| Permission::from_text(text)).collect();
    read.ok_or_else(|| Flaw::new("permission_unknown", "There is no such permission."))
}
