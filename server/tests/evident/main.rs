//! The running binaries, as a front end, an admin, an auditor, an operator and a power cut meet them.

mod chaos;
mod cluster;
mod crash;
mod privileges;
mod restore;
mod roles;
mod servers;
mod stories;
mod support;
mod valkey;
mod walkthrough;
