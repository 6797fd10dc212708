//! The running binary, as a front end, an admin, an auditor, an operator and a power cut meet it.

mod crash;
#[path = "../../../store/tests/kurrent_server/mod.rs"]
#[expect(dead_code, reason = "the contract of the log asks more of it")]
mod kurrent_server;
mod stories;
mod support;
mod walkthrough;
