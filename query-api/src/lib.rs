//! Answers. Reads of people, sessions, roles and history, over the read models and the log.
//!
//! Nothing is decided here and, but for the note that somebody took the history away, nothing is written. What a
//! query shows is `read-models`; how a caller is known without a look-up is `access`, how an answer can be kept
//! and still be true is `me`, how an answer waits for what its asker knows is `wait`.

mod access;
mod app;
mod asking;
mod audit;
mod failure;
mod feed;
mod input;
mod keys;
mod me;
mod note;
mod past;
mod picture;
mod respond;
mod routes;
mod services;
mod views;
mod wait;

pub use app::{App, StartError};
pub use routes::{document, router};
