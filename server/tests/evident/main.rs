//! The running binary, as a front end, an admin, an auditor, an operator and a power cut meet it.

mod crash;
mod stories;
mod support;
mod valkey;
mod walkthrough;
