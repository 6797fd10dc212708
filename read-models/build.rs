//! Migrations are read while compiling: one that is added must make the crate compile again.

fn main() {
    println!("cargo:rerun-if-changed=../migrations/read");
}
