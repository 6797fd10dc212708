//! The running binaries, as a front end, an admin, an auditor, an operator and a power cut meet them.

mod chaos;
mod cluster;
mod crash;
#[path = "../../../store/tests/kurrent_server/mod.rs"]
#[expect(dead_code, reason = "the contract of the log asks more of it")]
mod kurrent_server;
mod operator;
mod privileges;
mod restore;
mod roles;
mod servers;
mod start;
mod stories;
mod support;
mod valkey;
mod walkthrough;
