//! Bare Argon2id on every core, its memory reused.

use crate::Outcome;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use std::{
    thread,
    time::{Duration, Instant},
};

/// Hashes a second with the parameters that Evident has unless told otherwise (m=19456, t=2, p=1).
pub(crate) fn hashes_per_second(seconds: u64) -> Outcome<f64> {
    let cores = thread::available_parallelism()?.get();
    let started = Instant::now();
    let until = started + Duration::from_secs(seconds);
    let hashed: Result<Vec<u64>, _> = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(move || hash_until(until))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or(Err("a thread panicked"))).collect()
    });
    #[expect(clippy::cast_precision_loss, reason = "a count of hashes")]
    let count = hashed?.into_iter().sum::<u64>() as f64;
    Ok(count / started.elapsed().as_secs_f64())
}

fn hash_until(until: Instant) -> Result<u64, &'static str> {
    let params = Params::new(19_456, 2, 1, Some(32)).map_err(|_| "parameters")?;
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let (mut hashed, mut output) = (0, [0; 32]);
    while Instant::now() < until {
        argon2
            .hash_password_into_with_memory(
                b"correct horse battery staple",
                b"0123456789abcdef",
                &mut output,
                &mut memory,
            )
            .map_err(|_| "hash")?;
        hashed += 1;
    }
    Ok(hashed)
}
