//! Why the bus did not do what it was asked.

use events::LogId;

/// The bus is broken, or not there. Nobody's append depends on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// The URL names no server. It may hold a password, so it is not said.
    #[error("the URL of NATS is malformed")]
    MalformedUrl,
    /// NATS cannot be reached, or did not answer in time. What was under way may or may not have happened.
    #[error("NATS is unavailable: {0}")]
    Unavailable(String),
    /// Somebody else went on from the same place, or the stream is not what it was: look at its last message.
    #[error("the stream in NATS went on from elsewhere")]
    Moved,
    /// There is no stream yet. The relay of any command service makes it.
    #[error("there is no stream EVIDENT in NATS")]
    NoStream,
    /// The stream carries another log. Two Evidents need two NATS accounts.
    #[error(
        "the stream EVIDENT in NATS carries log {found}, not {expected}: use another NATS account, or delete the \
         stream if that log is gone"
    )]
    OtherLog {
        /// The log that was to be carried.
        expected: LogId,
        /// The log that is.
        found: LogId,
    },
    /// A message in the stream is none of ours.
    #[error("message {sequence} of the stream EVIDENT in NATS is not a record: {reason}")]
    Malformed {
        /// The message.
        sequence: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// NATS does not do it, for instance for want of rights, of room or of servers to replicate to.
    #[error("NATS refused: {0}")]
    Refused(String),
}
