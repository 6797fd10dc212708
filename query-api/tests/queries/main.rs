//! Queries over HTTP: facts in, answers out.

mod access;
mod audit;
mod auth;
mod machines;
mod positions;
mod race;
mod rights;
mod sharing;
mod users;
mod world;
