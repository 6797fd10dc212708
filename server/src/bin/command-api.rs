//! The `command-api` binary: decides. Takes commands and appends what they say.

fn main() -> std::process::ExitCode {
    server::main(server::Role::Commands)
}
