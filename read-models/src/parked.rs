//! Streams that hold an event which cannot be read or folded. They wait, in sight, and stop nobody else.

use crate::{ApplyError, Projected, ReadModels, ReadModelsError, Shown};
use events::{Position, StreamName, Version};

/// One stream that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedStream {
    /// The stream.
    pub stream: StreamName,
    /// The position of the event that parked it.
    pub position: Position,
    /// The version of that event.
    pub version: Version,
    /// Its type.
    pub event_type: String,
    /// Why it could not be applied.
    pub reason: String,
    /// How many events of the stream wait, that one included.
    pub waiting: u64,
}

/// What came of a retry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retried {
    /// The stream goes on as if it had never been parked.
    Resumed,
    /// An event still cannot be applied. Those before it were.
    StillParked(ParkedStream),
    /// The stream is not parked.
    NotParked,
}

impl ReadModels {
    /// All streams that wait, in the order of the events that parked them; at most 1,000.
    pub async fn parked(&self) -> Result<Shown<Vec<ParkedStream>>, ReadModelsError> {
        unimplemented!()
    }

    /// Applies what waits of one stream. `events` MUST be all records of the stream from the parked version on, as
    /// the log has them now; those behind the checkpoint are left for [`ReadModels::apply`].
    ///
    /// # Errors
    /// [`ApplyError::Fenced`] when an event that waits is not among `events`: read the stream again.
    pub async fn retry(&self, stream: &StreamName, events: &[Projected]) -> Result<Retried, ApplyError> {
        let _ = (stream, events);
        unimplemented!()
    }
}
