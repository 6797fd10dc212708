//! From stored records to facts: each batch's personal values are opened with one visit to the vault.

use crate::ProjectorError;
use events::KeyName;
use read_models::Projected;
use std::collections::HashSet;
use store::{
    log::Stored,
    vault::{Keyring, Scope, Vault},
};

/// From this many records on, opening them takes longer than a task may keep its thread (some 10 µs a record).
const BLOCKING_FROM: usize = 64;

/// Opens the records of one batch, in their order.
///
/// A record whose fact cannot be read comes back with the reason why: parking it is the tables' business.
pub(crate) async fn open(vault: &Vault, batch: Vec<Stored>) -> Result<Vec<Projected>, ProjectorError> {
    let (batch, keys) = away(batch.len(), move || {
        let keys = keys_of(&batch);
        (batch, keys)
    })
    .await;
    let keyring = vault.keyring(&keys, Scope::Profiles).await?;
    Ok(away(batch.len(), move || batch.into_iter().map(|stored| project(stored, &keyring)).collect()).await)
}

fn keys_of(batch: &[Stored]) -> Vec<KeyName> {
    let names: HashSet<KeyName> = batch.iter().flat_map(|stored| stored.record.keys()).collect();
    names.into_iter().collect()
}

fn project(stored: Stored, keyring: &Keyring) -> Projected {
    let fact = stored.record.fact(|context, ciphertext| keyring.open(context, ciphertext));
    Projected { position: stored.position, record: stored.record, fact: fact.map_err(|why| why.to_string()) }
}

/// Runs `work` here when it is short, on a thread for blocking work when it is not.
async fn away<T: Send + 'static>(records: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    if records < BLOCKING_FROM {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}
