//! What is shown: tables that are folds over the log, how a fact changes them, and how they are asked.
//!
//! One file a model: its row, how a fact changes the row, its statements and its questions. [`ReadModels::apply`]
//! takes a batch of facts into every model at once. Nothing here decides, and nothing here reads the log or opens
//! what is sealed: facts arrive opened, or erased.

mod apply;
mod audit;
mod checkpoint;
mod columns;
mod digest;
mod error;
mod flip;
mod happened;
mod insert;
mod open;
mod parked;
mod postgres;
mod reactors;
mod revocations;
mod roles;
mod service_accounts;
mod sessions;
mod sqlite;
mod transaction;
mod users;

pub use apply::ApplyError;
pub use audit::{AuditFilter, AuditRow};
pub use checkpoint::{Checkpoint, Shown};
pub use digest::{Difference, Digest, TableDigest};
pub use error::ReadModelsError;
pub use flip::FlipError;
pub use happened::{Happened, Projected, Unfoldable};
pub use open::ReadModels;
pub use parked::{ParkedStream, Retried};
pub use reactors::{Errand, ErrandCounts};
pub use revocations::{ChangedPerson, EndedSession, Revocations, RevokedSessions};
pub use roles::RoleRow;
pub use service_accounts::{KeyRow, ServiceAccountRow};
pub use sessions::{Living, SessionRow};
pub use users::{UserFilter, UserKey, UserRow, UserSort, UserStatus};
