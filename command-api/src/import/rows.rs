//! Files of people, read row by row: CSV with a header, JSON lines, or one JSON array of objects.
//!
//! No more than one row is in memory. What is wrong with one row is told with it, and the next one is read; only where
//! nobody can know where the next one begins does the file end.

use super::{
    elements::Elements,
    error::{ImportError, MAX_ROW_BYTES},
    row::Fields,
};
use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};
use service::problem::FieldError;
use std::io::{self, BufRead, BufReader, Read};

/// The columns that there are.
const COLUMNS: [&str; 5] = ["email", "email_verified", "display_name", "password_hash", "roles"];

/// What the roles of one person stand between in a CSV file.
const BETWEEN_ROLES: [char; 2] = [' ', ';'];

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportFormat {
    /// Comma-separated values (RFC 4180), the first line of which names the columns.
    Csv,
    /// JSON: one object a line, or an array of objects.
    Json,
}

/// One row.
#[derive(Debug)]
pub(crate) struct Row {
    /// The line where it begins, counted from 1.
    pub(crate) line: u64,
    pub(crate) fields: Result<Fields, Vec<FieldError>>,
}

/// The rows of a file.
pub(crate) enum Rows<R: Read> {
    Csv {
        reader: Box<Reader<Metered<R>>>,
        columns: Vec<&'static str>,
    },
    Lines {
        reader: BufReader<R>,
        line: u64,
    },
    Array {
        elements: Elements<R>,
    },
    /// Nothing can be read any more.
    Over,
}

impl<R: Read> Rows<R> {
    /// Begins to read. An array is told from lines by its first character.
    pub(crate) fn open(file: R, format: ImportFormat) -> Result<Self, ImportError> {
        match format {
            ImportFormat::Csv => {
                let metered = Metered { inner: file, left: MAX_ROW_BYTES };
                let mut reader = ReaderBuilder::new()
                    .flexible(true)
                    // Else a line that ends in two characters is counted with the one behind it.
                    .terminator(Terminator::Any(b'\n'))
                    .from_reader(metered);
                let columns = columns(reader.byte_headers().map_err(|error| broken(error, 1))?)?;
                Ok(Self::Csv { reader: Box::new(reader), columns })
            }
            ImportFormat::Json => {
                let mut reader = BufReader::new(file);
                if reader.fill_buf()?.starts_with(b"\xEF\xBB\xBF") {
                    reader.consume(3);
                }
                let mut line = 1;
                loop {
                    match reader.fill_buf()?.first() {
                        Some(b'\n') => line += 1,
                        Some(b' ' | b'\t' | b'\r') => {}
                        Some(b'[') => {
                            reader.consume(1);
                            return Ok(Self::Array { elements: Elements::new(reader, line) });
                        }
                        Some(_) | None => return Ok(Self::Lines { reader, line: line - 1 }),
                    }
                    reader.consume(1);
                }
            }
        }
    }

    fn read(&mut self) -> Result<Option<Row>, ImportError> {
        match self {
            Self::Csv { reader, columns } => record(reader, columns),
            Self::Lines { reader, line } => json_line(reader, line),
            Self::Array { elements } => {
                let Some((line, object)) = elements.read()? else { return Ok(None) };
                Ok(Some(Row { line, fields: from_json(&object) }))
            }
            Self::Over => Ok(None),
        }
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Row, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.read().transpose();
        if !matches!(read, Some(Ok(_))) {
            *self = Self::Over;
        }
        read
    }
}

/// Gives no more than a row may have: a quotation mark that is never closed must not fill the memory.
pub(crate) struct Metered<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "a row is too long"));
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.inner.read(&mut buffer[..most])?;
        self.left -= read as u64;
        Ok(read)
    }
}

fn broken(error: csv::Error, line: u64) -> ImportError {
    if let csv::ErrorKind::Io(cause) = error.kind()
        && cause.kind() == io::ErrorKind::FileTooLarge
    {
        return ImportError::RowTooLong(line);
    }
    // Records may be of any length and any bytes, so that nothing but reading can go wrong.
    ImportError::Io(error.into())
}

fn columns(header: &ByteRecord) -> Result<Vec<&'static str>, ImportError> {
    let known = |name: &[u8]| COLUMNS.into_iter().find(|column| column.as_bytes() == name.trim_ascii());
    let found: Vec<_> = header.iter().map(known).collect::<Option<_>>().ok_or(ImportError::Header)?;
    let once = |column: &&str| found.iter().filter(|other| other == &column).count() == 1;
    if found.contains(&"email") && found.iter().all(once) { Ok(found) } else { Err(ImportError::Header) }
}

fn record<R: Read>(reader: &mut Reader<Metered<R>>, columns: &[&str]) -> Result<Option<Row>, ImportError> {
    // What is read ahead into the buffer counts, so that a row may have somewhat more.
    reader.get_mut().left = MAX_ROW_BYTES;
    let mut record = ByteRecord::new();
    loop {
        let line = reader.position().line();
        if !reader.read_byte_record(&mut record).map_err(|error| broken(error, line))? {
            return Ok(None);
        }
        let line = record.position().map_or(line, csv::Position::line);
        if record.len() != 1 || record.get(0) != Some(b"\r") {
            return Ok(Some(Row { line, fields: from_record(&record, columns) }));
        }
    }
}

fn from_record(record: &ByteRecord, columns: &[&str]) -> Result<Fields, Vec<FieldError>> {
    if record.len() != columns.len() {
        let detail = format!("The row has {} fields, and the header {}.", record.len(), columns.len());
        return Err(vec![FieldError::new("", "row_malformed", detail)]);
    }
    let mut fields = Fields {
        email: String::new(),
        email_verified: None,
        display_name: None,
        password_hash: None,
        roles: Vec::new(),
    };
    for (column, field) in columns.iter().zip(record) {
        // The last one of a line may have the first of the two characters that end it.
        let Ok(text) = std::str::from_utf8(field.strip_suffix(b"\r").unwrap_or(field)) else {
            return Err(vec![FieldError::new(format!("/{column}"), "row_malformed", "This is not UTF-8.")]);
        };
        match *column {
            "email" => text.clone_into(&mut fields.email),
            "email_verified" => fields.email_verified = truth(text)?,
            "display_name" => fields.display_name = Some(text.to_owned()),
            "password_hash" => fields.password_hash = Some(text.to_owned()),
            _ => {
                let names = text.split(BETWEEN_ROLES).filter(|name| !name.is_empty());
                fields.roles = names.map(str::to_owned).collect();
            }
        }
    }
    Ok(fields)
}

/// As JSON writes it, in letters of either case; empty when the row does not say.
fn truth(text: &str) -> Result<Option<bool>, Vec<FieldError>> {
    match text.trim().to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "true" => Ok(Some(true)),
        "false" => Ok(Some(false)),
        _ => Err(vec![FieldError::new("/email_verified", "invalid_value", "This is true or false.")]),
    }
}

fn json_line<R: Read>(reader: &mut BufReader<R>, line: &mut u64) -> Result<Option<Row>, ImportError> {
    let mut text = Vec::new();
    loop {
        text.clear();
        let read = reader.by_ref().take(MAX_ROW_BYTES + 1).read_until(b'\n', &mut text)?;
        if read == 0 {
            return Ok(None);
        }
        *line += 1;
        if read as u64 > MAX_ROW_BYTES && text.last() != Some(&b'\n') {
            skip_line(reader)?;
            let detail = format!("A row has at most {MAX_ROW_BYTES} bytes.");
            return Ok(Some(Row {
                line: *line,
                fields: Err(vec![FieldError::new("", "row_too_long", detail)]),
            }));
        }
        if !text.trim_ascii().is_empty() {
            return Ok(Some(Row { line: *line, fields: from_json(&text) }));
        }
    }
}

fn skip_line(reader: &mut impl BufRead) -> Result<(), ImportError> {
    loop {
        let buffer = reader.fill_buf()?;
        let (read, ended) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(read);
        if ended {
            return Ok(());
        }
    }
}

/// What serde says of a row may repeat it, so that its first words are looked at and none is passed on.
fn from_json(text: &[u8]) -> Result<Fields, Vec<FieldError>> {
    if text.trim_ascii().first() != Some(&b'{') {
        return Err(vec![FieldError::new("", "row_malformed", "The row is not a JSON object.")]);
    }
    serde_json::from_slice(text).map_err(|error| {
        let said = error.to_string();
        let (code, detail) = if said.starts_with("missing field") {
            ("required", "The row has no email.")
        } else if said.starts_with("unknown field") {
            ("unknown_field", "The row has a field that there is not.")
        } else if error.is_data() {
            (
                "row_malformed",
                "A field of the row stands there twice, or is of another type than it should be.",
            )
        } else {
            ("row_malformed", "The row is not JSON.")
        };
        vec![FieldError::new("", code, detail)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Lines and addresses, or lines and codes; and how the file ended.
    fn read(text: &[u8], format: ImportFormat) -> (Vec<(u64, String)>, Option<ImportError>) {
        let rows = match Rows::open(text, format) {
            Ok(rows) => rows,
            Err(error) => return (vec![], Some(error)),
        };
        let (mut seen, mut ended) = (Vec::new(), None);
        for row in rows {
            match row {
                Ok(Row { line, fields: Ok(fields) }) => seen.push((line, fields.email)),
                Ok(Row { line, fields: Err(errors) }) => seen.push((line, errors[0].code.to_string())),
                Err(error) => ended = Some(error),
            }
        }
        (seen, ended)
    }

    fn expected(rows: &[(u64, &str)]) -> Vec<(u64, String)> {
        rows.iter().map(|(line, text)| (*line, (*text).to_owned())).collect()
    }

    #[test]
    fn a_csv_file_is_read_by_its_header() {
        let text = b"\xEF\xBB\xBFroles,email,display_name\r\nclerk;auditor,a@x.io,\"Ada,\nthe first\"\r\n\r\n,b@x.io\n,c@x.io,\xff\n,d@x.io,\n";
        let (rows, ended) = read(text, ImportFormat::Csv);
        let rows_expected = [(2, "a@x.io"), (5, "row_malformed"), (6, "row_malformed"), (7, "d@x.io")];
        assert_eq!(rows, expected(&rows_expected));
        assert!(ended.is_none(), "{ended:?}");
        let first =
            Rows::open(&text[..], ImportFormat::Csv).expect("rows").next().expect("a row").expect("read");
        let fields = first.fields.expect("fields");
        assert_eq!(fields.display_name.as_deref(), Some("Ada,\nthe first"));
        assert_eq!(fields.roles, ["clerk", "auditor"]);
    }

    #[test]
    fn a_header_that_is_not_understood_is_refused_whole() {
        for wrong in ["", "mail\na@x.io\n", "email,email\n", "display_name\nAda\n", "email,password\n"] {
            let (rows, ended) = read(wrong.as_bytes(), ImportFormat::Csv);
            assert!(rows.is_empty() && matches!(ended, Some(ImportError::Header)), "{wrong:?}: {ended:?}");
        }
    }

    #[test]
    fn json_comes_in_lines_or_in_an_array() {
        let lines = b"\n{\"email\":\"a@x.io\"}\n\nnot json\n{\"email\":\"b@x.io\",\"admin\":true}\n{}\n7\n{\"email\":\"c@x.io\"}";
        let (rows, ended) = read(lines, ImportFormat::Json);
        let codes = [
            (2, "a@x.io"),
            (4, "row_malformed"),
            (5, "unknown_field"),
            (6, "required"),
            (7, "row_malformed"),
            (8, "c@x.io"),
        ];
        assert_eq!(rows, expected(&codes));
        assert!(ended.is_none(), "{ended:?}");
        let array = b" [\n{\"email\":\"a]}@x.io\",\n\"roles\":[\"x\"]} , {\"email\":1}\n,{\"email\":\"c\\\"@x.io\"}\n]\n";
        let (rows, ended) = read(array, ImportFormat::Json);
        assert_eq!(rows, expected(&[(2, "a]}@x.io"), (3, "row_malformed"), (4, "c\"@x.io")]));
        assert!(ended.is_none(), "{ended:?}");
        assert_eq!(read(b"[]", ImportFormat::Json).0, []);
    }

    #[test]
    fn where_the_next_row_begins_must_be_known() {
        for broken in ["[", "[{}", "[{},", "[{},]", "[{} {}]", "[7]", "[{}] x", "[,{}]"] {
            let (_, ended) = read(broken.as_bytes(), ImportFormat::Json);
            assert!(matches!(ended, Some(ImportError::Array(1))), "{broken}: {ended:?}");
        }
    }

    #[test]
    fn no_row_fills_the_memory() {
        let long = "x".repeat(200_000);
        let (rows, ended) = read(format!("email\na@x.io\n\"{long}").as_bytes(), ImportFormat::Csv);
        assert_eq!(rows, expected(&[(2, "a@x.io")]));
        assert!(matches!(ended, Some(ImportError::RowTooLong(3))), "{ended:?}");
        let (_, ended) = read(format!("[{{\"email\":\"{long}\"}}]").as_bytes(), ImportFormat::Json);
        assert!(matches!(ended, Some(ImportError::RowTooLong(1))), "{ended:?}");
        let lines = format!("{{\"email\":\"{long}\"}}\n{{\"email\":\"b@x.io\"}}\n");
        let (rows, ended) = read(lines.as_bytes(), ImportFormat::Json);
        assert_eq!(rows, expected(&[(1, "row_too_long"), (2, "b@x.io")]));
        assert!(ended.is_none(), "{ended:?}");
    }

    proptest! {
        #[test]
        fn no_file_is_more_than_refused(text in proptest::collection::vec(any::<u8>(), 0..300), csv: bool) {
            let text = [if csv { &b"email,roles\n"[..] } else { b"[{" }, &text].concat();
            read(&text, if csv { ImportFormat::Csv } else { ImportFormat::Json });
        }
    }
}
