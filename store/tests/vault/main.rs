//! The vault's contract, kept by every engine; then what only one engine promises.

mod contract;
mod place;
mod postgres;
mod sqlite;
