//! Facts about the use of the history itself, on `export-{id}`.

use crate::Position;
use serde::{Deserialize, Serialize};

/// `audit.exported.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditExported {
    /// In which form.
    pub format: ExportFormat,
    /// The first position of what was asked for.
    pub from: Position,
    /// The last position of the same; less than the first when there was nothing.
    pub to: Position,
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// The records, byte for byte, one a line.
    Jsonl,
    /// The same as one JSON array (CloudEvents JSON Format 1.0.2, section 4).
    Cloudevents,
    /// What happened in columns, what is sealed opened (RFC 4180).
    Csv,
    /// The same in the classes of the Open Cybersecurity Schema Framework, one a line.
    Ocsf,
}
