//! Composes processes: all of Evident in one, or one service a process, and the operator's commands.
//!
//! What a process does is its [`Role`]; how it starts, answers and stops is `serve`, the same for all of them. Each of the
//! operator's commands is one file. What they share is `opening`: from configuration to open stores.

mod admin;
mod cli;
mod docs;
mod doctor;
mod erasures;
mod health;
mod import;
mod keys;
mod machines;
mod migrate;
mod opening;
mod parked;
mod rebuild;
mod report;
mod role;
mod serve;

pub use role::Role;

use std::process::ExitCode;

/// The `main` of every binary here: reads the command line and the configuration, and does what they say.
#[must_use]
pub fn main(role: Role) -> ExitCode {
    let command = cli::parse(role);
    // Whatever this process creates, databases and their journals included, is for its owner alone.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    if let Err(error) = forbid_core_dumps() {
        return report::failed(role, "switch core dumps off", &error);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report::failed(role, "start the async runtime", &error),
    };
    runtime.block_on(cli::run(role, command))
}

/// Memory holds keys and passwords, which a dump would leave on a disk for good.
fn forbid_core_dumps() -> rustix::io::Result<()> {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    rustix::process::setrlimit(rustix::process::Resource::Core, none)
}
