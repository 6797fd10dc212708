//! NATS JetStream, the only place that speaks to it: the connection, the stream that we make there, what a message
//! looks like, publishing, and the subscription.

mod connection;
mod message;
mod publish;
mod stream;
mod subscription;

pub(crate) use connection::{Connection, Nats};
#[cfg(fuzzing)]
pub(crate) use message::read_from;

/// The stream's name, and what it takes in.
const STREAM: &str = "EVIDENT";
const SUBJECTS: &str = "evident.>";
