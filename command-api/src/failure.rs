//! Why a command was not done, as the answer to it. The one table from refusals to codes is here.

use crate::{
    domain::{Contradiction, Refusal},
    hashing::HashingError,
    input::BreachedError,
    signing::SigningError,
};
use axum::response::{IntoResponse, Response};
use events::{FactError, RecordError};
use service::problem::{Code, FieldError, Problem};
use std::fmt;
use store::{
    log::{AppendError, LogError},
    vault::VaultError,
};

/// The answer to a command that was not done.
#[derive(Debug)]
pub(crate) struct Failure {
    problem: Problem,
    cause: Cause,
}

/// Which of the three kinds a failure is; the third, `Stale`, never leaves the loop.
#[derive(Debug)]
enum Cause {
    /// A rule said no. It is certain that nothing was appended.
    Refused,
    /// Something broke, says this. Whether anything was appended may not be known.
    Broken(String),
}

impl Failure {
    pub(crate) fn new(code: Code) -> Self {
        Problem::new(code).into()
    }

    /// Whether a rule said no, so that nothing was appended.
    pub(crate) fn is_refusal(&self) -> bool {
        match self.cause {
            Cause::Refused => true,
            Cause::Broken(_) => false,
        }
    }

    pub(crate) fn code(&self) -> Code {
        self.problem.code()
    }

    /// Whether it says nothing about this command: any other would fail now, and this one may be tried later.
    pub(crate) fn is_outage(&self) -> bool {
        matches!(self.code(), Code::Unavailable | Code::Overloaded)
    }

    fn broken(code: Code, error: impl std::error::Error) -> Self {
        Self { cause: Cause::Broken(error.to_string()), problem: Problem::new(code).because(error) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Refused => f.write_str(self.problem.code().as_str()),
            Cause::Broken(cause) => f.write_str(cause),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.problem.into_response()
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self { problem, cause: Cause::Refused }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::new(match refusal {
            Refusal::UnknownUser
            | Refusal::UnknownSession
            | Refusal::UnknownServiceAccount
            | Refusal::UnknownKey => Code::NotFound,
            Refusal::UserExists | Refusal::RoleRemoved => Code::Conflict,
            Refusal::EmailTaken => Code::EmailTaken,
            Refusal::Deleted => Code::UserDeleted,
            // The caller themselves, between the check of their token and the decision.
            Refusal::Suspended | Refusal::SessionEnded => Code::InvalidToken,
            Refusal::WrongPassword | Refusal::CodeUsed => Code::InvalidCredentials,
            Refusal::MailTokenSpent => Code::InvalidMailToken,
            Refusal::NoSecondFactor => Code::NoSecondFactor,
            Refusal::SecondFactorDemanded => Code::SecondFactorDemanded,
            Refusal::SecondFactorMissing => Code::SecondFactorMissing,
            Refusal::LastAdmin => Code::LastAdmin,
            Refusal::LegalHold => Code::LegalHold,
            Refusal::UnknownHold => Code::NotFound,
            Refusal::TooManyHolds => Code::Conflict,
            Refusal::BuiltInRole => Code::BuiltInRole,
            Refusal::RoleUnknown => Code::RoleUnknown,
            Refusal::AboveOwnLevel | Refusal::SelfGrant => Code::Forbidden,
            Refusal::AboveAccount => return above_account(),
            Refusal::AnothersSession => return Problem::hidden().into(),
            Refusal::TooManyRoles => Code::TooManyRoles,
            Refusal::TooManyKeys => Code::TooManyKeys,
            Refusal::HistoryFull => Code::HistoryFull,
        })
    }
}

/// What is wrong with the request is where it says so.
fn above_account() -> Failure {
    let detail = "A key permits at most what its account may do.";
    Problem::validation(vec![FieldError::new("/permissions", "above_account", detail)]).into()
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Overloaded => Self::new(Code::Overloaded),
            AppendError::Broken(error) => error.into(),
            AppendError::Stale { .. }
            | AppendError::IdReused { .. }
            | AppendError::Moved { .. }
            | AppendError::TooManyGuards { .. }
            | AppendError::Empty
            | AppendError::Misfit { .. }
            | AppendError::TooMany { .. } => Self::broken(Code::Internal, error),
        }
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        let code = if matches!(error, LogError::Unavailable(_)) { Code::Unavailable } else { Code::Internal };
        Self::broken(code, error)
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        let code = if error.is_away() { Code::Unavailable } else { Code::Internal };
        Self::broken(code, error)
    }
}

impl From<HashingError> for Failure {
    fn from(error: HashingError) -> Self {
        let code = if matches!(error, HashingError::Busy) { Code::Overloaded } else { Code::Internal };
        Self::broken(code, error)
    }
}

macro_rules! broken {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::broken(Code::Internal, error)
            }
        }
    )*};
}

broken!(BreachedError, FactError, RecordError, Contradiction, SigningError);
