//! Why projecting stops, or pauses.

use events::{LogId, Position};
use read_models::{ApplyError, FlipError, ReadModelsError};
use store::{log::LogError, vault::VaultError};

/// Why a projector cannot go on. [`ProjectorError::is_final`] tells what waiting cannot mend.
#[derive(Debug, thiserror::Error)]
pub enum ProjectorError {
    /// The tables were made from another log. Positions of two logs do not compare.
    #[error(
        "read models show log {shown}, not {log}: point both to the same log, or start with empty read models"
    )]
    OtherLog {
        /// The log that is followed.
        log: LogId,
        /// The log that the tables show.
        shown: LogId,
    },
    /// The log ends before the place up to which the tables show it, as after the restore of an older backup.
    #[error("log {log} lost events: it ends at {head}, the read models show it up to {shown}")]
    LogBehind {
        /// The log.
        log: LogId,
        /// Its last position.
        head: Position,
        /// The position that the tables show.
        shown: Position,
    },
    /// Somebody else moved the tables on.
    #[error("somebody else moved the read models on")]
    Fenced,
    /// The tables beside the live ones could not be shown in their place.
    #[error("nothing was flipped: {0}")]
    Unflipped(#[from] FlipError),
    /// There are no tables to flip back to.
    #[error("there was no flip yet, so there is no way back")]
    NoPrevious,
    /// The log does not answer, or contradicts itself.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The vault does not answer.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The read models do not answer.
    #[error(transparent)]
    Models(#[from] ReadModelsError),
}

impl ProjectorError {
    /// True when trying again would end the same way: somebody has to look.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            ProjectorError::OtherLog { .. }
            | ProjectorError::LogBehind { .. }
            | ProjectorError::NoPrevious
            | ProjectorError::Log(
                LogError::OtherLog { .. }
                | LogError::Gap { .. }
                | LogError::NoRecordAt { .. }
                | LogError::Behind { .. }
                | LogError::Corrupt { .. }
                | LogError::Closed,
            ) => true,
            ProjectorError::Fenced
            | ProjectorError::Unflipped(_)
            | ProjectorError::Log(
                LogError::Unavailable(_)
                | LogError::Refused(_)
                | LogError::NotMigrated
                | LogError::Migration(_)
                | LogError::UnknownEngine { .. }
                | LogError::EngineLeftOut { .. }
                | LogError::StreamTooLong { .. },
            )
            | ProjectorError::Vault(_)
            | ProjectorError::Models(_) => false,
        }
    }

    /// Whether a store does not answer, so that trying again later may go better.
    #[must_use]
    pub fn is_away(&self) -> bool {
        match self {
            ProjectorError::Log(error) => error.is_away(),
            ProjectorError::Vault(error) => error.is_away(),
            ProjectorError::Models(error) => error.is_away(),
            ProjectorError::OtherLog { .. }
            | ProjectorError::LogBehind { .. }
            | ProjectorError::Fenced
            | ProjectorError::Unflipped(_)
            | ProjectorError::NoPrevious => false,
        }
    }

    /// What the tables said about a batch from this log.
    pub(crate) fn applying(log: LogId, refused: ApplyError) -> Self {
        match refused {
            ApplyError::Fenced => ProjectorError::Fenced,
            ApplyError::OtherLog { shown } => ProjectorError::OtherLog { log, shown },
            ApplyError::Broken(broken) => ProjectorError::Models(broken),
        }
    }
}
