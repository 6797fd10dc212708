//! The memory that one thread fills, kept from one hash to the next.

use super::{Cost, HashingError};
use argon2::Block;

/// glibc maps allocations apart from its heap, and so gives them back to the system when they are freed, only from
/// this size on for certain (the largest `M_MMAP_THRESHOLD`, in KiB). What is reserved but never touched costs
/// addresses, not memory.
const MAPPED_APART_KIB: usize = 32 * 1024 + 1;

/// Blocks of 1 KiB. Asking the system for fresh pages takes a quarter of the time of a hash, so they are kept while
/// hashes follow each other; and an idle service must not sit on them, so they are released when nobody comes.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

impl Memory {
    /// As many blocks as this cost needs. Their content does not matter: Argon2 writes each before it reads it.
    pub(super) fn of(&mut self, cost: Cost) -> Result<&mut [Block], HashingError> {
        let blocks = cost.params()?.block_count();
        if self.0.len() < blocks {
            self.0 = Vec::new();
            let reserved = self.0.try_reserve_exact(blocks.max(MAPPED_APART_KIB));
            reserved.map_err(|_| HashingError::OutOfMemory { memory_kib: cost.memory_kib })?;
            self.0.resize(blocks, Block::new());
        }
        Ok(&mut self.0[..blocks])
    }

    /// Gives the memory back.
    pub(super) fn release(&mut self) {
        self.0 = Vec::new();
    }

    pub(super) fn is_held(&self) -> bool {
        !self.0.is_empty()
    }
}
