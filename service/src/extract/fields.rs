//! From a refused value to a field error. Serde tells what was wrong in English only; its first words are looked at
//! and none of them is passed on.

use crate::problem::FieldError;
use serde_path_to_error::{Path, Segment};

/// The longest part of a pointer that repeats what the client sent.
const MAX_SEGMENT_CHARS: usize = 64;

/// What is wrong, by the words that serde begins with; what to say about it; and whether a name follows that belongs
/// at the end of the pointer.
const KINDS: [(&str, &str, &str, bool); 7] = [
    ("missing field", "required", "This is required.", true),
    ("unknown field", "unknown_field", "There is no such field.", true),
    ("duplicate field", "duplicate_field", "This stands here twice.", true),
    ("invalid type", "invalid_type", "This is of another type than it should be.", false),
    ("unknown variant", "unknown_value", "This is none of the possible values.", false),
    ("invalid value", "invalid_value", "This is not a possible value.", false),
    ("invalid length", "invalid_length", "This has another length than it should have.", false),
];

/// The error of one refused value.
pub(super) fn refused<E: std::fmt::Display>(error: &serde_path_to_error::Error<E>) -> FieldError {
    let text = error.inner().to_string();
    let mut pointer = pointer(error.path());
    let Some((words, code, detail, named)) = KINDS.iter().find(|(words, ..)| text.starts_with(words)) else {
        return FieldError::new(pointer, "invalid_value", "This is not a possible value.");
    };
    let name = text[words.len()..].strip_prefix(" `").and_then(|rest| rest.split_once('`'));
    if let Some((name, _)) = name.filter(|_| *named) {
        let segment = escape(name);
        // The path of an unknown field already ends with it, that of a missing one with its parent.
        if !pointer.ends_with(&format!("/{segment}")) || *code == "required" {
            pointer = format!("{pointer}/{segment}");
        }
    }
    FieldError::new(pointer, *code, *detail)
}

/// A JSON pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    let segments = path.iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(escape(key)),
        Segment::Enum { variant } => Some(escape(variant)),
        Segment::Unknown => None,
    });
    segments.map(|segment| format!("/{segment}")).collect()
}

/// One segment of a pointer (RFC 6901 §3), no longer than a field's name has any business to be.
pub(super) fn escape(name: &str) -> String {
    let name: String = name.chars().take(MAX_SEGMENT_CHARS).collect();
    name.replace('~', "~0").replace('/', "~1")
}
