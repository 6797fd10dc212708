//! The master keys that a process has at hand, and which of them wraps.
//!
//! A row is opened by whichever key opens it: the cipher tells, so no question about a person has to ask for a name first.
//! Which key *wraps* the vault says, not the process: the newest on its list. So processes agree from one moment to the
//! next, and one that does not know the newest yet looks at its file before it fails.

use super::{
    MasterKey, MasterKeyId, Vault, VaultError,
    engine::Engine,
    key_file::{self, KeyFileError},
    master::{Secret32, secret},
};
use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};
use zeroize::Zeroizing;

/// The master keys that a process has: the first is the one that is to wrap, the others open what they wrapped. Clones
/// learn together.
#[derive(Clone)]
pub struct MasterKeys(Arc<Known>);

struct Known {
    keys: RwLock<Vec<MasterKey>>,
    file: Option<PathBuf>,
}

impl From<MasterKey> for MasterKeys {
    fn from(key: MasterKey) -> Self {
        Self(Arc::new(Known { keys: RwLock::new(vec![key]), file: None }))
    }
}

impl MasterKeys {
    /// The keys in a file, one a line. A key that is not among them is looked for in the file again when it is needed, so
    /// that one can be added while processes run; what was learned stays known.
    ///
    /// # Errors
    /// [`KeyFileError`]
    pub fn read(file: PathBuf) -> Result<Self, KeyFileError> {
        let keys = key_file::read(&file)?;
        Ok(Self(Arc::new(Known { keys: RwLock::new(keys), file: Some(file) })))
    }

    /// Their names, in the order of the file.
    #[must_use]
    pub fn ids(&self) -> Vec<MasterKeyId> {
        self.all().iter().map(MasterKey::id).collect()
    }

    /// The one that is to wrap.
    pub(super) fn first(&self) -> Option<MasterKey> {
        self.all().into_iter().next()
    }

    /// The one of this name.
    pub(super) fn named(&self, id: &MasterKeyId) -> Option<MasterKey> {
        self.find(|key| (key.id() == *id).then(|| key.clone()))
    }

    /// The one that wrapped this.
    pub(super) fn that_wrapped(&self, purpose: &str, wrapped: &[u8]) -> Option<MasterKey> {
        self.find(|key| key.unwrap(purpose, wrapped).map(|_| key.clone()))
    }

    /// The secret that was wrapped for this purpose; `None` when it was not, or under a master key that is not at hand.
    pub(super) fn unwrap(&self, purpose: &str, wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.find(|key| key.unwrap(purpose, wrapped))
    }

    /// As [`MasterKeys::unwrap`], for a secret of 32 bytes.
    pub(super) fn unwrap_key(&self, purpose: &str, wrapped: &[u8]) -> Option<Secret32> {
        secret(&self.unwrap(purpose, wrapped)?)
    }

    fn find<T>(&self, wanted: impl Fn(&MasterKey) -> Option<T>) -> Option<T> {
        let find = || self.0.keys.read().unwrap_or_else(PoisonError::into_inner).iter().find_map(&wanted);
        find().or_else(|| if self.learn() { find() } else { None })
    }

    fn all(&self) -> Vec<MasterKey> {
        self.0.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the file again; whether it holds a key that is new here. One that cannot be read now teaches nothing.
    fn learn(&self) -> bool {
        let Some(file) = &self.0.file else { return false };
        let read = match key_file::read(file) {
            Ok(read) => read,
            Err(error) => {
                tracing::error!(%error, "a master key is not known, and its file cannot be read");
                return false;
            }
        };
        let mut keys = self.0.keys.write().unwrap_or_else(PoisonError::into_inner);
        let known: Vec<_> = keys.iter().map(MasterKey::id).collect();
        let new: Vec<_> = read.into_iter().filter(|key| !known.contains(&key.id())).collect();
        for key in &new {
            tracing::info!(master_key.id = %key.id(), "one more master key is known");
        }
        let learned = !new.is_empty();
        keys.extend(new);
        learned
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKeys(…)")
    }
}

/// The master key that wraps what is new.
pub(super) struct Wrapping {
    pub(super) generation: i64,
    key: MasterKey,
}

impl Wrapping {
    pub(super) fn wrap(&self, purpose: &str, secret: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.key.wrap(purpose, secret)
    }
}

const LISTED: &str = "select generation, key_id from master_keys order by generation desc limit 16";
const ADD: &str = "insert into master_keys (generation, key_id) values ($1, $2) on conflict do nothing";

/// The master keys that rows may be wrapped by, newest first.
pub(super) async fn listed(engine: &Engine) -> Result<Vec<(i64, MasterKeyId)>, VaultError> {
    let rows: Vec<(i64, String)> = match engine {
        Engine::Sqlite(store) => sqlx::query_as(LISTED).fetch_all(&store.readers).await?,
        Engine::Postgres(store) => sqlx::query_as(LISTED).fetch_all(&store.readers).await?,
    };
    Ok(rows.into_iter().map(|(generation, id)| (generation, MasterKeyId(id))).collect())
}

/// Puts a key on the list, unless it or its generation is there.
pub(super) async fn add(engine: &Engine, generation: i64, id: &MasterKeyId) -> Result<(), VaultError> {
    match engine {
        Engine::Sqlite(store) => {
            sqlx::query(ADD).bind(generation).bind(&id.0).execute(&store.writer).await.map(drop)?;
        }
        Engine::Postgres(store) => {
            sqlx::query(ADD).bind(generation).bind(&id.0).execute(&store.writer).await.map(drop)?;
        }
    }
    Ok(())
}

/// The key that wraps now.
pub(super) async fn wrapping(engine: &Engine, keys: &MasterKeys) -> Result<Wrapping, VaultError> {
    let newest = listed(engine).await?.into_iter().next();
    let (generation, id) = newest.ok_or(VaultError::NoServerKeys)?;
    let key = keys.named(&id).ok_or(VaultError::MissingMasterKey(id))?;
    Ok(Wrapping { generation, key })
}

/// Fails unless every key that rows may be wrapped by is at hand: whoever starts with some of them would serve some people.
pub(super) async fn must_be_at_hand(engine: &Engine, keys: &MasterKeys) -> Result<(), VaultError> {
    let listed = listed(engine).await?;
    let (at_hand, missing): (Vec<_>, Vec<_>) =
        listed.into_iter().map(|(_, id)| id).partition(|id| keys.named(id).is_some());
    match missing.into_iter().next() {
        Some(_) if at_hand.is_empty() => Err(VaultError::WrongMasterKey),
        Some(id) => Err(VaultError::MissingMasterKey(id)),
        None => Ok(()),
    }
}

impl Vault {
    /// The key that wraps now, asked for each time: it is replaced while processes run.
    pub(super) async fn wrapping(&self) -> Result<Wrapping, VaultError> {
        wrapping(self.engine(), self.master()).await
    }

    /// Why a row could not be unwrapped by any key at hand.
    pub(super) async fn unopened(&self) -> VaultError {
        match must_be_at_hand(self.engine(), self.master()).await {
            Ok(()) => VaultError::Corrupt("a key is not wrapped by a master key for what it is kept as"),
            Err(error) => error,
        }
    }
}

/// Evaluates the expression, and once more when the master key that it wrapped by was taken off the list meanwhile.
macro_rules! while_keys_change {
    ($write:expr) => {
        match $write.await {
            Err(error) if error.is_of_a_retired_key() => $write.await,
            written => written,
        }
    };
}
pub(super) use while_keys_change;
