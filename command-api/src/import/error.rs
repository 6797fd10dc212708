//! What ends the reading of a file of people.

use std::io;

/// The longest row, in bytes.
pub(super) const MAX_ROW_BYTES: u64 = 64 * 1024;

/// Why a file is not read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("file cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The header of a CSV file is not made of known columns, each once, with the address among them.
    #[error(
        "header must name `email`, and beside it only `email_verified`, `display_name`, `password_hash` and `roles`, each once"
    )]
    Header,
    /// A JSON array holds something else than objects with commas between, or does not end.
    #[error("array is broken off or holds something else than objects, at line {0}")]
    Array(u64),
    /// A row is too long to tell where the next one begins.
    #[error("row at line {0} has over {MAX_ROW_BYTES} bytes: is a quotation mark or a bracket missing?")]
    RowTooLong(u64),
    /// Something else than the file is in the way.
    #[error("import stopped: {cause}")]
    Stopped {
        /// What.
        cause: String,
        /// Whether it is that a store does not answer.
        away: bool,
    },
}
