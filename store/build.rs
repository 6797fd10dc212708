//! Migrations are read while compiling: one that is added must make the crate compile again.

#![expect(clippy::print_stdout, reason = "build scripts talk to cargo on standard output")]

fn main() {
    println!("cargo:rerun-if-changed=../migrations/log");
    println!("cargo:rerun-if-changed=../migrations/vault");
}
