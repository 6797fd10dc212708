//! Why a query is not answered: refused by us, or let down by a store.

use axum::response::{IntoResponse, Response};
use events::{FactError, RecordError};
use read_models::ReadModelsError;
use service::{Code, Problem};
use store::{
    log::{AppendError, LogError},
    vault::VaultError,
};

/// A problem, whatever led to it. Handlers and what they call answer with it, so that `?` is all they say of errors.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) Problem);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Unavailable(_) => Self::unavailable(error),
            LogError::Refused(_)
            | LogError::NotMigrated
            | LogError::Migration(_)
            | LogError::UnknownEngine { .. }
            | LogError::EngineLeftOut { .. }
            | LogError::OtherLog { .. }
            | LogError::Gap { .. }
            | LogError::NoRecordAt { .. }
            | LogError::Behind { .. }
            | LogError::Corrupt { .. }
            | LogError::StreamTooLong { .. }
            | LogError::Closed => Self(Problem::broken(error)),
        }
    }
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Overloaded => Self(Problem::new(Code::Overloaded)),
            AppendError::Broken(error) => error.into(),
            AppendError::Stale { .. }
            | AppendError::IdReused { .. }
            | AppendError::Empty
            | AppendError::Misfit { .. }
            | AppendError::TooMany { .. }
            | AppendError::Moved { .. }
            | AppendError::TooManyGuards { .. } => Self(Problem::broken(error)),
        }
    }
}

impl From<ReadModelsError> for Failure {
    fn from(error: ReadModelsError) -> Self {
        if error.is_away() { Self::unavailable(error) } else { Self(Problem::broken(error)) }
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        if error.is_away() { Self::unavailable(error) } else { Self(Problem::broken(error)) }
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        Self(Problem::broken(error))
    }
}

impl From<FactError> for Failure {
    fn from(error: FactError) -> Self {
        Self(Problem::broken(error))
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self(Problem::broken(error))
    }
}

impl Failure {
    fn unavailable(error: impl std::error::Error) -> Self {
        Self(Problem::new(Code::Unavailable).because(error))
    }
}
