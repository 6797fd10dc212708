//! Why the log did not do what it was asked.

use super::{MAX_APPEND_RECORDS, MAX_STREAM_RECORDS};
use events::{EventId, LogId, Position, StreamName, Version};
use sqlx::migrate::MigrateError;
use std::{error::Error, io, sync::Arc};

/// What an engine said, in its own words. Its class is decided where the engine is spoken to, and nowhere else.
pub type EngineError = Arc<dyn Error + Send + Sync>;

/// The log is broken, or not there.
///
/// It is cheap to clone, because one failed commit answers many requests.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// The engine cannot be reached, or did not answer in time. What was under way may or may not have happened:
    /// append the same records again.
    #[error("the log is unavailable: {0}")]
    Unavailable(EngineError),
    /// The engine refused what it was asked.
    #[error("the log's engine refused: {0}")]
    Refused(EngineError),
    /// There is no log, or its migrations are behind this version of Evident.
    #[error("the log is not migrated: run `evident migrate`")]
    NotMigrated,
    /// Its migrations cannot be applied.
    #[error("the log cannot be migrated: {0}")]
    Migration(Arc<MigrateError>),
    /// The URL names no engine of ours. It may hold a password, so only its scheme is said.
    #[error("no log engine has the URL scheme {scheme:?}")]
    UnknownEngine {
        /// The URL's scheme.
        scheme: String,
    },
    /// The engine was left out when this program was built.
    #[error("this program was built without the log engine of {scheme} (cargo feature {feature} of store)")]
    EngineLeftOut {
        /// The URL's scheme.
        scheme: String,
        /// The feature of the crate `store` that brings it.
        feature: &'static str,
    },
    /// A record was written for another log: the files of two logs were mixed.
    #[error("position {position} holds a record of log {found}, not of {expected}")]
    OtherLog {
        /// Where it lies.
        position: Position,
        /// This log.
        expected: LogId,
        /// The log that it was written for.
        found: LogId,
    },
    /// Positions are not next by next: records were lost.
    #[error("position {found} follows where {expected} must")]
    Gap {
        /// The position that must come next.
        expected: Position,
        /// The position that did.
        found: Position,
    },
    /// No record lies where a reader says it has read to: records were lost, or the position is of another log.
    #[error("no record lies at position {position}")]
    NoRecordAt {
        /// Where the reader is.
        position: Position,
    },
    /// A reader is further than the log: the log was restored from an older backup.
    #[error("the log ends at {head}, behind its reader at {after}")]
    Behind {
        /// The last position of the log.
        head: Position,
        /// Where the reader is.
        after: Position,
    },
    /// What lies at a position is not a record.
    #[error("position {position} is corrupt: {source}")]
    Corrupt {
        /// Where it lies.
        position: Position,
        /// What is wrong with it.
        source: EngineError,
    },
    /// A stream is longer than a stream may be.
    #[error("stream {stream} holds more than {MAX_STREAM_RECORDS} records")]
    StreamTooLong {
        /// The stream.
        stream: StreamName,
    },
    /// This handle was closed.
    #[error("the log is closed")]
    Closed,
}

/// Why an append did not happen.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// Somebody was faster: read again, decide again.
    #[error("stream {stream} is at version {actual}, not {expected}")]
    Stale {
        /// The stream.
        stream: StreamName,
        /// The version that the decision was made at.
        expected: Version,
        /// The version that the stream is at.
        actual: Version,
    },
    /// The log holds this id already, in another place.
    #[error("event id {id} is already used elsewhere")]
    IdReused {
        /// The id.
        id: EventId,
    },
    /// A stream that the decision was made from has moved on: whoever decided looks at it again.
    #[error("what an append to stream {stream} was decided from has changed")]
    Moved {
        /// The stream that was appended to.
        stream: StreamName,
    },
    /// There was nothing to append.
    #[error("nothing to append")]
    Empty,
    /// The record's own stream, version or log is not where it is being put.
    #[error("record {id} was not written for this log, stream and version")]
    Misfit {
        /// The record.
        id: EventId,
    },
    /// One append carries too many records.
    #[error("{count} records in one append, over {MAX_APPEND_RECORDS}")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// One append is guarded by too many streams.
    #[error("an append guarded by {count} streams")]
    TooManyGuards {
        /// How many.
        count: usize,
    },
    /// More appends wait than the log takes on. Try again later.
    #[error("the log's queue is full")]
    Overloaded,
    /// The log is broken, or not there.
    #[error(transparent)]
    Broken(#[from] LogError),
}

impl LogError {
    /// Whether the engine does not answer, so that asking again later may go better.
    #[must_use]
    pub const fn is_away(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// The engine did not answer before its deadline.
    pub(super) fn timed_out() -> Self {
        Self::Unavailable(Arc::new(io::Error::from(io::ErrorKind::TimedOut)))
    }
}

impl From<sqlx::Error> for LogError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        let lost = crate::is_away(&error);
        match code.as_deref() {
            // undefined schema, table, function
            Some("3F000" | "42P01" | "42883") => Self::NotMigrated,
            Some(_) | None if lost => Self::Unavailable(Arc::new(error)),
            Some(_) | None if matches!(error, sqlx::Error::PoolClosed) => Self::Closed,
            Some(_) | None => Self::Refused(Arc::new(error)),
        }
    }
}

impl From<MigrateError> for LogError {
    fn from(error: MigrateError) -> Self {
        if let MigrateError::Execute(error) = error {
            return error.into();
        }
        Self::Migration(Arc::new(error))
    }
}
