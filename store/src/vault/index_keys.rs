//! The index keys, and by which of them the directory goes.
//!
//! A process keeps what it saw last in memory, and never has to be told of a change: each statement of the directory also
//! asks whether that is still so, and one that it is not so for did nothing and is said again. Which column has a
//! generation's hashes follows from the generation alone, so one that is being filled never shares a column with the one
//! that addresses are found by.

use super::{
    MasterKeys, Vault, VaultError,
    engine::{Engine, on_engine},
    master::{Secret32, random_secret},
    master_keys,
};
use aws_lc_rs::hmac;
use events::Timestamp;
use std::sync::{Arc, PoisonError};

/// One index key.
pub(super) struct IndexKey {
    pub(super) generation: i64,
    hasher: hmac::Key,
}

impl IndexKey {
    /// The keyed hash of parts, apart by label and by where each part ends.
    fn hash(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        keyed_hash(&self.hasher, label, parts)
    }

    /// The hash of a normalised address.
    pub(super) fn address(&self, normalised: &str) -> [u8; 32] {
        self.hash("address", &[normalised.as_bytes()])
    }
}

/// HMAC-SHA256 over a label and parts, each behind its length.
pub(super) fn keyed_hash(key: &hmac::Key, label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(key);
    for part in std::iter::once(&label.as_bytes()).chain(parts) {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.sign().as_ref());
    hash
}

/// How the directory stood when this process looked last, and the index keys that there were.
pub(super) struct Index {
    /// The generation by whose hash an address is found.
    pub(super) reads: i64,
    /// The generation whose hashes are being filled in.
    pub(super) fills: Option<i64>,
    keys: Vec<IndexKey>,
}

impl Index {
    pub(super) fn key(&self, generation: i64) -> Result<&IndexKey, VaultError> {
        let found = self.keys.iter().find(|key| key.generation == generation);
        found.ok_or(VaultError::Corrupt("the directory goes by an index key that is not there"))
    }

    /// The hash that finds an address.
    pub(super) fn found_by(&self, address: &str) -> Result<[u8; 32], VaultError> {
        Ok(self.key(self.reads)?.address(address))
    }

    /// The hash that is filled in beside it.
    pub(super) fn filled_by(&self, address: &str) -> Result<Option<[u8; 32]>, VaultError> {
        self.fills.map(|generation| Ok(self.key(generation)?.address(address))).transpose()
    }
}

/// An index key as an operator sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexKeyUse {
    /// Which, counted from 1.
    pub generation: u64,
    /// What it is good for.
    pub state: IndexKeyState,
}

/// What an index key is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexKeyState {
    /// Its hashes are being filled in.
    Coming,
    /// Addresses are found by its hashes.
    Finds,
    /// It only tells which devices people have signed in from, since then.
    KnowsDevices(Timestamp),
}

/// How the directory stands.
pub(super) const STATE: &str = "select reads, fills from directory";
const KEYS: &str = "select generation, wrapped from index_keys order by generation desc limit 16";
const LISTED: &str = "select generation, superseded_at_us from index_keys order by generation desc limit 16";
const ANY: &str = "select count(*) from index_keys";
const CREATE_FIRST: &str = "
    insert into index_keys (generation, wrapped, wrapped_by) values (1, $1, $2)
    on conflict (generation) do nothing";
const RETIRE: &str = "
    delete from index_keys
    where superseded_at_us <= $1 and generation < (select reads from directory)";

/// Makes the first index key where there is none: the secret given, that of a vault from before index keys could be
/// replaced, else a new one. Readers may not, and need not.
pub(super) async fn ensure_first(
    engine: &Engine,
    master: &MasterKeys,
    before: Option<Secret32>,
) -> Result<(), VaultError> {
    match make_first(engine, master, before).await {
        Err(error) if error.is_forbidden() => Ok(()),
        made => made,
    }
}

async fn make_first(
    engine: &Engine,
    master: &MasterKeys,
    before: Option<Secret32>,
) -> Result<(), VaultError> {
    let there: i64 = match engine {
        Engine::Sqlite(store) => sqlx::query_scalar(ANY).fetch_one(&store.readers).await?,
        Engine::Postgres(store) => sqlx::query_scalar(ANY).fetch_one(&store.readers).await?,
    };
    if there > 0 {
        return Ok(());
    }
    let secret = before.map_or_else(random_secret, Ok)?;
    let wrapping = master_keys::wrapping(engine, master).await?;
    let (wrapped, by) = (wrapping.wrap(&index_label(1), &*secret)?, wrapping.generation);
    match engine {
        Engine::Sqlite(store) => {
            sqlx::query(CREATE_FIRST).bind(wrapped).bind(by).execute(&store.writer).await.map(drop)?;
        }
        Engine::Postgres(store) => {
            sqlx::query(CREATE_FIRST).bind(wrapped).bind(by).execute(&store.writer).await.map(drop)?;
        }
    }
    Ok(())
}

impl Vault {
    /// How the directory stands, as far as this process knows.
    pub(super) async fn index(&self) -> Result<Arc<Index>, VaultError> {
        let known = self.known_index().read().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some(index) => Ok(index),
            None => self.look_at_index().await,
        }
    }

    /// How the directory stands now.
    pub(super) async fn look_at_index(&self) -> Result<Arc<Index>, VaultError> {
        // In this order: what the directory goes by was there before.
        let (reads, fills): (i64, Option<i64>) = on_engine!(self, store => {
            sqlx::query_as(STATE).fetch_one(&store.readers).await?
        });
        let rows: Vec<(i64, Vec<u8>)> = on_engine!(self, store => {
            sqlx::query_as(KEYS).fetch_all(&store.readers).await?
        });
        let mut keys = Vec::with_capacity(rows.len());
        for (generation, wrapped) in rows {
            let secret = self.unwrapped(&index_label(generation), &wrapped).await?;
            keys.push(IndexKey { generation, hasher: hmac::Key::new(hmac::HMAC_SHA256, &*secret) });
        }
        let index = Arc::new(Index { reads, fills, keys });
        // A whole replacement may have gone by between the two reads. Then the next look sees it, and this one is not kept.
        let whole = std::iter::once(reads).chain(fills).all(|generation| index.key(generation).is_ok());
        *self.known_index().write().unwrap_or_else(PoisonError::into_inner) =
            whole.then(|| Arc::clone(&index));
        Ok(index)
    }

    /// The keyed hashes of a message about a normalised address, by each index key that there is: first by the one that
    /// addresses are found by, under which new ones are made.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn address_macs(
        &self,
        label: &str,
        message: &[u8],
        normalised: &str,
    ) -> Result<Vec<[u8; 32]>, VaultError> {
        let index = self.index().await?;
        let mac = |key: &IndexKey| key.hash(label, &[message, &key.address(normalised)]);
        let others = index.keys.iter().filter(|key| key.generation != index.reads).map(mac);
        Ok(std::iter::once(mac(index.key(index.reads)?)).chain(others).collect())
    }

    /// Looks whether there are other index keys than this process knew of.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn learn_index_keys(&self) -> Result<bool, VaultError> {
        let generations = |index: &Index| index.keys.iter().map(|key| key.generation).collect::<Vec<_>>();
        let before = self.index().await?;
        let now = self.look_at_index().await?;
        Ok(generations(&before) != generations(&now))
    }

    /// The index keys that there are, the newest first.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn index_key_uses(&self) -> Result<Vec<IndexKeyUse>, VaultError> {
        let (reads, _): (i64, Option<i64>) = on_engine!(self, store => {
            sqlx::query_as(STATE).fetch_one(&store.readers).await?
        });
        let rows: Vec<(i64, Option<i64>)> = on_engine!(self, store => {
            sqlx::query_as(LISTED).fetch_all(&store.readers).await?
        });
        let state = |(generation, superseded): (i64, Option<i64>)| IndexKeyUse {
            generation: generation.unsigned_abs(),
            state: match superseded {
                Some(at) => IndexKeyState::KnowsDevices(Timestamp::from_micros(at)),
                None if generation > reads => IndexKeyState::Coming,
                None => IndexKeyState::Finds,
            },
        };
        Ok(rows.into_iter().map(state).collect())
    }

    /// Drops the index keys that the directory left by then; says how many. Devices that are known by nothing else are
    /// unknown from then on.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn retire_index_keys(&self, superseded_by: Timestamp) -> Result<u64, VaultError> {
        let retired = on_engine!(self, store => {
            sqlx::query(RETIRE).bind(superseded_by.micros()).execute(&store.writer).await?.rows_affected()
        });
        if retired > 0 {
            self.forget_pages().await?;
        }
        // Whether this process dropped them or another one.
        self.look_at_index().await?;
        Ok(retired)
    }
}

pub(super) fn index_label(generation: i64) -> String {
    format!("index key\n{generation}")
}
