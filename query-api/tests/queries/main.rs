//! Queries over HTTP: facts in, answers out.

mod access;
mod answer;
mod audit;
mod auth;
mod exports;
mod holds;
mod machines;
mod picture;
mod place;
mod positions;
mod race;
mod rights;
mod second_factor;
mod service_accounts;
mod sharing;
mod users;
mod world;
