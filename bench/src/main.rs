//! Measures this machine, and us against its limits: each figure of ours stands beside the limit or the peer that was
//! measured in the same run, and their ratio. Ratios travel from machine to machine; absolutes do not.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark's result is what it prints")]

mod fleet;
mod limits;
mod load;
mod machine;
mod process;
mod sample;
mod scenarios;
mod table;

use clap::Parser;
use std::process::ExitCode;

/// What can go wrong in a benchmark ends it.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Evident's benchmarks.
#[derive(Parser)]
struct Arguments {
    /// Run only the scenarios whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Seconds that each measured phase lasts.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Events in the backlog that is projected.
    #[arg(long, default_value_t = 200_000)]
    backlog: u64,
    /// Seconds that processes are killed for in the chaos test.
    #[arg(long, default_value_t = 120)]
    chaos_seconds: u64,
    /// Serve the bare axum answer that others are compared with, and nothing else (a process of its own).
    #[arg(long, hide = true)]
    serve_bare: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime.map_err(Into::into).and_then(|runtime| match arguments.serve_bare {
        true => runtime.block_on(limits::axum::serve()),
        false => runtime.block_on(scenarios::run(&arguments)),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
