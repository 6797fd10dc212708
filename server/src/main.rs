//! The `evident` binary: the whole of Evident in one process, and the operator's commands.
//!
//! Each command is one file. What they share is `opening`: from configuration to open stores.

mod admin;
mod cli;
mod docs;
mod doctor;
mod erasures;
mod migrate;
mod opening;
mod parked;
mod rebuild;
mod report;
mod serve;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    // Whatever this process creates, databases and their journals included, is for its owner alone.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report::failed("start the async runtime", &error),
    };
    runtime.block_on(cli::run(cli))
}
