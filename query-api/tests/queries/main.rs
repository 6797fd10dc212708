//! Queries over HTTP: facts in, answers out.

mod access;
mod answer;
mod audit;
mod auth;
mod machines;
mod place;
mod positions;
mod race;
mod rights;
mod sharing;
mod users;
mod world;
