//! One JSON array of objects, of any length, an object at a time.

use super::error::{ImportError, MAX_ROW_BYTES};
use std::io::{BufRead, BufReader, Read};

/// The objects of an array, cut out without being understood.
pub(crate) struct Elements<R: Read> {
    reader: BufReader<R>,
    line: u64,
    first: bool,
}

impl<R: Read> Elements<R> {
    /// Behind the bracket that the array begins with, on this line.
    pub(super) fn new(reader: BufReader<R>, line: u64) -> Self {
        Self { reader, line, first: true }
    }

    /// The next object, and the line where it begins; none behind the last one.
    pub(super) fn read(&mut self) -> Result<Option<(u64, Vec<u8>)>, ImportError> {
        let mut next = self.visible()?;
        if !self.first && next == b',' {
            next = self.visible()?;
        } else if next == b']' {
            return self.end();
        } else if !self.first {
            return Err(ImportError::Array(self.line));
        }
        self.first = false;
        if next != b'{' {
            return Err(ImportError::Array(self.line));
        }
        let line = self.line;
        Ok(Some((line, self.object(line)?)))
    }

    fn object(&mut self, line: u64) -> Result<Vec<u8>, ImportError> {
        let mut object = vec![b'{'];
        let (mut depth, mut in_text, mut escaped) = (1_usize, false, false);
        while depth > 0 {
            if object.len() as u64 >= MAX_ROW_BYTES {
                return Err(ImportError::RowTooLong(line));
            }
            let byte = self.byte()?.ok_or(ImportError::Array(self.line))?;
            object.push(byte);
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_text => escaped = true,
                b'"' => in_text = !in_text,
                b'{' | b'[' if !in_text => depth += 1,
                b'}' | b']' if !in_text => depth -= 1,
                _ => {}
            }
        }
        Ok(object)
    }

    fn end(&mut self) -> Result<Option<(u64, Vec<u8>)>, ImportError> {
        while let Some(byte) = self.byte()? {
            if !byte.is_ascii_whitespace() {
                return Err(ImportError::Array(self.line));
            }
        }
        Ok(None)
    }

    fn visible(&mut self) -> Result<u8, ImportError> {
        loop {
            match self.byte()? {
                Some(byte) if byte.is_ascii_whitespace() => {}
                Some(byte) => return Ok(byte),
                None => return Err(ImportError::Array(self.line)),
            }
        }
    }

    fn byte(&mut self) -> Result<Option<u8>, ImportError> {
        let byte = self.reader.fill_buf()?.first().copied();
        self.reader.consume(usize::from(byte.is_some()));
        self.line += u64::from(byte == Some(b'\n'));
        Ok(byte)
    }
}
