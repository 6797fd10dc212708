//! The running binaries, as a front end, an admin, an auditor, an operator and a power cut meet them.

#[path = "../../../command-api/tests/http/authenticator.rs"]
mod authenticator;
mod browser;
mod chaos;
mod cluster;
mod crash;
mod examples;
#[path = "../../../store/tests/kurrent_server/mod.rs"]
#[expect(dead_code, reason = "the contract of the log asks more of it")]
mod kurrent_server;
mod mails;
mod matrix;
mod operator;
mod privileges;
mod refreshed;
mod reported;
mod restore;
mod roles;
mod rotation;
mod second_factor;
mod seen;
mod servers;
mod start;
mod stories;
mod support;
mod traces;
mod valkey;
mod walkthrough;
