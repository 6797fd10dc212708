//! The vault's handle.

use super::{MasterKeys, VaultError, engine::Engine, index_keys::Index, server_keys::ServerKeys};
use std::{
    fmt,
    sync::{Arc, RwLock},
};

/// An open vault. A cheap handle: clones share the connections and the server's keys.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    engine: Engine,
    master: MasterKeys,
    keys: ServerKeys,
    index: RwLock<Option<Arc<Index>>>,
}

impl Vault {
    /// Applies the migrations that are missing; makes the vault when there is none. Saying it twice changes nothing.
    ///
    /// # Errors
    /// [`VaultError::Migration`] when a migration cannot be applied.
    pub async fn migrate(url: &str) -> Result<(), VaultError> {
        Engine::migrate(url).await
    }

    /// Opens a migrated vault. The first to open it decides its master key: the first of those at hand. Keys of people who were erased, which a
    /// backup brought back, are destroyed again before anybody can use them.
    ///
    /// # Errors
    /// [`VaultError::NotMigrated`]; [`VaultError::WrongMasterKey`] or [`VaultError::MissingMasterKey`] when its keys are
    /// wrapped by others, or some of them are.
    pub async fn open(url: &str, master: impl Into<MasterKeys>) -> Result<Self, VaultError> {
        let master = master.into();
        let engine = Engine::open(url).await?;
        let keys = ServerKeys::load(&engine, &master).await?;
        let vault = Self(Arc::new(Inner { engine, master, keys, index: RwLock::default() }));
        vault.replay_erasures().await?;
        Ok(vault)
    }

    /// Whether a master key was decided on: a vault that was opened once can be opened with that one alone.
    ///
    /// # Errors
    /// [`VaultError::Broken`] when the database cannot be reached.
    pub async fn has_master_key(url: &str) -> Result<bool, VaultError> {
        let engine = match Engine::open(url).await {
            Err(VaultError::NotMigrated) => return Ok(false),
            opened => opened?,
        };
        let any = ServerKeys::any(&engine).await;
        engine.close().await;
        any
    }

    /// How many connections are open, and how many of them are idle.
    #[must_use]
    pub fn connections(&self) -> (usize, usize) {
        self.0.engine.connections()
    }

    /// Waits for what is under way, and lets go of the database.
    pub async fn close(&self) {
        self.0.engine.close().await;
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(super) fn master(&self) -> &MasterKeys {
        &self.0.master
    }

    pub(super) fn keys(&self) -> &ServerKeys {
        &self.0.keys
    }

    pub(super) fn known_index(&self) -> &RwLock<Option<Arc<Index>>> {
        &self.0.index
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(…)")
    }
}
