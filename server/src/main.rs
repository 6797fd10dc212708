//! evident
fn main() {}
