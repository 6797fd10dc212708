//! The `projector` binary: follows. Keeps the read models to the log.

fn main() -> std::process::ExitCode {
    server::main(server::Role::Projection)
}
