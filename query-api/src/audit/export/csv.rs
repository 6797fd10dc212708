//! CSV (RFC 4180) for spreadsheets.

use crate::audit::AuditEvent;
use bytes::Bytes;
use csv::{Error, IntoInnerError, Terminator, Writer, WriterBuilder};
use std::{borrow::Cow, io};

const COLUMNS: [&str; 9] =
    ["position", "id", "type", "recorded_at", "actor", "subject", "correlation_id", "summary", "data"];

/// What a cell may begin with that a spreadsheet takes for a formula, or skips before it looks for one (ASVS V1.2.10).
const FORMULAS: [char; 8] = ['=', '+', '-', '@', '\t', '\r', '\n', '\0'];

/// The line that names the columns.
pub(super) fn header() -> Bytes {
    Bytes::from(COLUMNS.join(",") + "\r\n")
}

/// A row for each event.
pub(super) fn rows(page: &[AuditEvent]) -> Result<Bytes, Error> {
    let mut rows = writer();
    for event in page {
        let data = event.data.as_ref().map(serde_json::to_string).transpose().map_err(io::Error::from)?;
        rows.write_record([
            &*event.position.to_string(),
            &event.id.to_string(),
            &guarded(&event.r#type),
            &event.recorded_at.to_string(),
            &event.actor,
            &guarded(&event.subject),
            &guarded(&event.correlation_id),
            &guarded(&event.summary),
            &guarded(&data.unwrap_or_default()),
        ])?;
    }
    rows.into_inner().map(Bytes::from).map_err(IntoInnerError::into_error).map_err(Error::from)
}

fn writer() -> Writer<Vec<u8>> {
    WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new())
}

/// A text that no spreadsheet computes: what looks like a formula has an apostrophe before it.
fn guarded(text: &str) -> Cow<'_, str> {
    match text.starts_with(FORMULAS) {
        true => format!("'{text}").into(),
        false => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::Timestamp;
    use serde_json::json;
    use uuid::Uuid;

    #[test]
    fn a_cell_is_never_a_formula_and_never_two() {
        let event = AuditEvent {
            position: 7,
            id: Uuid::from_u128(1),
            r#type: "user.profile_changed.v1".into(),
            recorded_at: Timestamp::from_micros(0),
            actor: "anonymous".into(),
            subject: "user-1".into(),
            correlation_id: "=cmd|' /C calc'!A0".into(),
            summary: "a, \"b\"\r\nc".into(),
            data: json!({"name": "=1+1"}).as_object().cloned(),
        };
        let text = rows(&[event]).expect("rows");
        let expected = "7,00000000-0000-0000-0000-000000000001,user.profile_changed.v1,\
            1970-01-01T00:00:00.000000Z,anonymous,user-1,'=cmd|' /C calc'!A0,\"a, \"\"b\"\"\r\nc\",\
            \"{\"\"name\"\":\"\"=1+1\"\"}\"\r\n";
        assert_eq!(String::from_utf8_lossy(&text), expected);
        for begin in FORMULAS {
            assert!(guarded(&format!("{begin}x")).starts_with('\''), "{begin:?}");
        }
    }
}
