//! Facts in, rows out: each rule on SQLite and on PostgreSQL, by the same code.

mod audit;
mod flip;
mod history;
mod lists;
mod parked;
mod random;
mod rules;
mod world;
