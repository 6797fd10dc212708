//! What is wrong with a body.

use service::problem::{FieldError, Problem};

/// What is wrong with one value: a stable code, and a sentence for people. It never repeats the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) code: &'static str,
    pub(crate) detail: String,
}

impl Flaw {
    pub(crate) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// The flaws of one body, each with the JSON pointer (RFC 6901) of its field.
#[derive(Debug, Default)]
pub(crate) struct Flaws(Vec<FieldError>);

impl Flaws {
    /// The value when it has none; else the flaw is kept and nothing is answered.
    pub(crate) fn take<T>(&mut self, pointer: &'static str, parsed: Result<T, Flaw>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(flaw) => {
                self.0.push(FieldError::new(pointer, flaw.code, flaw.detail));
                None
            }
        }
    }

    /// The answer that names them all.
    pub(crate) fn problem(self) -> Problem {
        Problem::validation(self.0)
    }
}
