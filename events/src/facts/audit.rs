//! Facts about the use of the history itself, on `export-{id}`.

use crate::Position;
use serde::{Deserialize, Serialize};

/// `audit.exported.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditExported {
    /// In which form.
    pub format: ExportFormat,
    /// The first position that was asked for.
    pub from: Position,
    /// The last position that was asked for.
    pub to: Position,
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// The records, byte for byte, one a line.
    Jsonl,
}
