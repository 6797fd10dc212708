//! The `evident` binary: the whole of Evident in one process, and the operator's commands.

fn main() -> std::process::ExitCode {
    server::main(server::Role::Everything)
}
