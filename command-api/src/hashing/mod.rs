//! Passwords to hashes, and back to a verdict: Argon2id (RFC 9106) on threads of its own. Only this folder knows
//! argon2.
//!
//! [`Hasher`] is what the rest sees; `kept` reads and writes the PHC strings that facts hold; `foreign` reads what other
//! systems made, for people who were imported; `memory` is the large
//! block that a thread fills; `threads` takes jobs from the queue. Which text counts as a password is `input`'s.

mod foreign;
mod kept;
mod memory;
#[cfg(test)]
mod tests;
mod threads;

use crate::domain::PasswordHash;
use foreign::Foreign;
pub(crate) use foreign::{Importable, Unfit};
use kept::{Kept, argon2id};
use memory::Memory;
use std::{num::NonZeroUsize, thread::available_parallelism, time::Duration};
use subtle::ConstantTimeEq;
use threads::Threads;
use zeroize::Zeroizing;

/// What a hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB: at least 8 a lane, at most 1 GiB.
    pub memory_kib: u32,
    /// Passes over the memory: 1 to 64.
    pub passes: u32,
    /// Lanes: 1 to 16. They are filled one after another, since other passwords keep the other cores busy.
    pub lanes: u32,
}

/// Passwords that may wait to be hashed: what all threads get done in the time that one may wait.
const QUEUE: usize = 512;

/// How long a password may wait to be hashed.
const PATIENCE: Duration = Duration::from_secs(5);

/// How much may be asked for at once. What serves has [`Limits::default`].
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Hashes made at the same time, each on a thread of its own.
    pub threads: NonZeroUsize,
    /// Passwords that may wait for a thread.
    pub queue: usize,
    /// How long one may wait. Nobody still waits for an answer that comes later, so it is not computed either.
    pub patience: Duration,
    /// Whether hashes are made only in the time that nobody else wants.
    pub behind_all: bool,
}

impl Default for Limits {
    fn default() -> Self {
        let threads = available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self { threads, queue: QUEUE, patience: PATIENCE, behind_all: true }
    }
}

/// What checking a password said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The password is the one that was hashed.
    pub matches: bool,
    /// The hash was made at another cost than today's. Worth a new one, when the password matches.
    pub outdated: bool,
}

/// Why there is no hash and no verdict.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    /// Too many wait already, or the wait was too long. Nothing was computed; ask again later.
    #[error("too many passwords wait to be hashed")]
    Busy,
    /// The hash that is kept is neither one that we make nor one that we import, or costs more than any may.
    #[error("kept password hash is unreadable: {0}")]
    Unreadable(&'static str),
    /// The cost is out of bounds.
    #[error("hashing cost m={},t={},p={} is out of bounds", .0.memory_kib, .0.passes, .0.lanes)]
    Absurd(Cost),
    /// The machine has no memory for it.
    #[error("no memory for a password hash of {memory_kib} KiB")]
    OutOfMemory {
        /// How much was asked for.
        memory_kib: u32,
    },
    /// A thread could not be started.
    #[error("hashing threads cannot be started: {0}")]
    NoThread(#[from] std::io::Error),
    /// The threads are gone.
    #[error("hashing threads have stopped")]
    Stopped,
}

/// The hashing threads. Clones share them; they end after the last clone is dropped, with what still waited.
#[derive(Debug, Clone)]
pub struct Hasher {
    cost: Cost,
    threads: Threads,
}

impl Hasher {
    /// Starts the threads. New hashes cost `cost`.
    pub fn start(cost: Cost, limits: Limits) -> Result<Self, HashingError> {
        cost.params()?;
        Ok(Self { cost, threads: Threads::start(limits)? })
    }

    /// Hashes a new password. `salt` MUST be random and never used before.
    ///
    /// Dropping the future gives up the place in the queue; so it is with all below.
    pub async fn hash(
        &self,
        password: Zeroizing<String>,
        salt: [u8; 16],
    ) -> Result<PasswordHash, HashingError> {
        let cost = self.cost;
        let hash = move |memory: &mut Memory| argon2id(password.as_bytes(), &salt, cost, memory);
        let output = self.threads.run(hash).await?;
        Ok(Kept { cost, salt: salt.to_vec(), output }.to_phc())
    }

    /// Checks a password. Without a hash to check against it takes the same time and never matches, so that nobody
    /// learns from a clock whether an address is known.
    pub async fn verify(
        &self,
        password: Zeroizing<String>,
        hash: Option<&PasswordHash>,
    ) -> Result<Verdict, HashingError> {
        let Some(hash) = hash else {
            self.hash(password, [0; Kept::SALT_BYTES]).await?;
            return Ok(Verdict { matches: false, outdated: false });
        };
        let (check, outdated) = match Kept::from_phc(hash) {
            Ok(kept) => {
                let outdated = kept.cost != self.cost || kept.salt.len() < Kept::SALT_BYTES;
                (Check::Own(kept), outdated)
            }
            Err(error) => (Check::Foreign(Foreign::read(hash.as_str()).map_err(|_| error)?), true),
        };
        let matches = self.threads.run(move |memory: &mut Memory| check.run(&password, memory)).await?;
        Ok(Verdict { matches, outdated })
    }

    /// Reads a hash that another system made.
    pub(crate) fn importable(&self, text: &str) -> Result<Importable, Unfit> {
        foreign::importable(text, self.cost)
    }

    /// Does other work that takes a processor its time, behind everything else, and bounded as hashes are.
    pub(crate) async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        self.threads.run(|_| Ok(work())).await
    }
}

/// What a password is checked against.
enum Check {
    Own(Kept),
    Foreign(Foreign),
}

impl Check {
    fn run(&self, password: &str, memory: &mut Memory) -> Result<bool, HashingError> {
        match self {
            Check::Own(Kept { cost, salt, output }) => {
                let found = argon2id(password.as_bytes(), salt, *cost, memory)?;
                Ok(found.ct_eq(output).into())
            }
            Check::Foreign(foreign) => foreign.matches(password, memory),
        }
    }
}
