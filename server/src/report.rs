//! What an operator at a terminal is told: results on standard output, failures on standard error, one line each.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an operator's command answers on the terminal"
)]

use crate::Role;
use service::config::Mistake;
use std::{error::Error, process::ExitCode};

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What was being done, to stand after "failed to".
    pub(crate) doing: &'static str,
    /// Why it failed.
    pub(crate) cause: Box<dyn Error + Send + Sync>,
}

/// Turns any error into a [`Failure`] that says what was being done.
pub(crate) trait Doing<T> {
    /// Names what was being done, to stand after "failed to".
    fn doing(self, doing: &'static str) -> Result<T, Failure>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Doing<T> for Result<T, E> {
    fn doing(self, doing: &'static str) -> Result<T, Failure> {
        self.map_err(|cause| Failure { doing, cause: cause.into() })
    }
}

/// A result, for the operator or a script to read.
pub(crate) fn say(line: impl std::fmt::Display) {
    println!("{line}");
}

/// The failure with all its causes, in the name of the binary that failed; exit status 1.
pub(crate) fn failed(role: Role, doing: &str, cause: &(dyn Error + 'static)) -> ExitCode {
    let mut text = format!("{}: failed to {doing}: {cause}", role.binary());
    let mut deeper = cause.source();
    while let Some(cause) = deeper {
        let cause_text = cause.to_string();
        // Many errors repeat their source in their own text; saying it once is enough.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        deeper = cause.source();
    }
    eprintln!("{text}");
    ExitCode::FAILURE
}

/// Every mistake in the configuration at once; exit status 2.
pub(crate) fn misconfigured(role: Role, mistakes: &[Mistake]) -> ExitCode {
    eprintln!("{}: the configuration has {} mistake(s):", role.binary(), mistakes.len());
    for mistake in mistakes {
        eprintln!("  {mistake}");
    }
    eprintln!("`{} --help` lists every variable.", role.binary());
    ExitCode::from(2)
}
