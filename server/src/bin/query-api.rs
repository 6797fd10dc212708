//! The `query-api` binary: answers. Serves reads from the read models and the log.

fn main() -> std::process::ExitCode {
    server::main(server::Role::Queries)
}
