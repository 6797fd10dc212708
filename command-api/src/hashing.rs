//! Passwords to hashes and back to a verdict: Argon2id (RFC 9106) on threads of its own. The only file that knows
//! argon2.

use crate::domain::PasswordHash;
use std::{num::NonZeroUsize, time::Duration};
use zeroize::Zeroizing;

/// What a hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB: at least 8 a lane, at most 1 GiB.
    pub memory_kib: u32,
    /// Passes over the memory: 1 to 100.
    pub passes: u32,
    /// Lanes: 1 to 16.
    pub lanes: u32,
}

/// How much may be asked for at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Hashes made at the same time, each on a thread of its own.
    pub threads: NonZeroUsize,
    /// Passwords that may wait.
    pub queue: usize,
    /// How long one may wait for its turn.
    pub patience: Duration,
}

/// What checking a password said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The password is the one that was hashed.
    pub matches: bool,
    /// The hash was made at another cost than today's.
    pub outdated: bool,
}

/// Why there is no hash and no verdict.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    /// Too many wait already, or the wait was too long. Nothing was computed; ask again later.
    #[error("too many passwords wait to be hashed")]
    Busy,
    /// The hash that is kept is not one that we make.
    #[error("kept password hash is unreadable: {0}")]
    Unreadable(&'static str),
    /// The threads have stopped, or the cost is impossible on this machine.
    #[error("password hashing failed: {0}")]
    Broken(String),
}

/// The hashing threads. Clones share them; they stop when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Hasher {}

impl Hasher {
    /// Starts the threads.
    pub fn start(_cost: Cost, _limits: Limits) -> Result<Self, HashingError> {
        unimplemented!()
    }

    /// Hashes a new password. `salt` MUST be random and never used before.
    pub async fn hash(
        &self,
        _password: Zeroizing<String>,
        _salt: [u8; 16],
    ) -> Result<PasswordHash, HashingError> {
        unimplemented!()
    }

    /// Checks a password. Without a hash to check against it takes the same time and never matches, so that nobody
    /// learns from a clock whether an address is known.
    pub async fn verify(
        &self,
        _password: Zeroizing<String>,
        _hash: Option<&PasswordHash>,
    ) -> Result<Verdict, HashingError> {
        unimplemented!()
    }
}
