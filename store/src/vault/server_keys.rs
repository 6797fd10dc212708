//! The server's own keys: random, made by whoever opens the vault first, wrapped by the master key.

use super::{
    AddressHash, MasterKey, Vault, VaultError,
    engine::Engine,
    master::{Secret32, random_secret},
};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

/// What a server key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Hashes of addresses, sources and requests.
    Index,
    /// Refresh tokens.
    Refresh,
    /// Position tokens and cursors.
    Token,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Purpose::Index => "index",
            Purpose::Refresh => "refresh",
            Purpose::Token => "token",
        }
    }
}

pub(super) struct ServerKeys {
    index: Secret32,
    hasher: hmac::Key,
    refresh: Secret32,
    token: Secret32,
}

impl ServerKeys {
    /// Loads the keys, and makes those that are missing. The first of them tells whether the master key is the right
    /// one, before anything is wrapped by it.
    pub(super) async fn load(engine: &Engine, master: &MasterKey) -> Result<Self, VaultError> {
        let unmade = |error: VaultError| if error.is_forbidden() { VaultError::NoServerKeys } else { error };
        let index = get_or_create(engine, master, Purpose::Index).await.map_err(unmade)?;
        let token = get_or_create(engine, master, Purpose::Token).await.map_err(unmade)?;
        let refresh = match get_or_create(engine, master, Purpose::Refresh).await {
            // A reader may neither see nor make it. It gets a key that nobody else has, so that whatever it would
            // sign is refused everywhere, and whatever others signed is refused here.
            Err(error) if error.is_forbidden() => random_secret()?,
            other => other?,
        };
        let hasher = hmac::Key::new(hmac::HMAC_SHA256, &*index);
        Ok(Self { index, hasher, refresh, token })
    }

    /// Whether any was made.
    pub(super) async fn any(engine: &Engine) -> Result<bool, VaultError> {
        let count: i64 = match engine {
            Engine::Sqlite(store) => sqlx::query_scalar(COUNT).fetch_one(&store.readers).await?,
            Engine::Postgres(store) => sqlx::query_scalar(COUNT).fetch_one(&store.readers).await?,
        };
        Ok(count > 0)
    }

    const fn get(&self, purpose: Purpose) -> &Secret32 {
        match purpose {
            Purpose::Index => &self.index,
            Purpose::Refresh => &self.refresh,
            Purpose::Token => &self.token,
        }
    }
}

const COUNT: &str = "select count(*) from server_keys";
const FIND: &str = "select wrapped from server_keys where purpose = $1";
const CREATE: &str =
    "insert into server_keys (purpose, wrapped) values ($1, $2) on conflict (purpose) do nothing";

async fn get_or_create(
    engine: &Engine,
    master: &MasterKey,
    purpose: Purpose,
) -> Result<Secret32, VaultError> {
    let label = format!("server key\n{}", purpose.name());
    let unwrapped = |wrapped: &[u8]| master.unwrap_key(&label, wrapped).ok_or(VaultError::WrongMasterKey);
    if let Some(wrapped) = find(engine, purpose).await? {
        return unwrapped(&wrapped);
    }
    let wrapped = master.wrap(&label, &*random_secret()?)?;
    match engine {
        Engine::Sqlite(store) => {
            sqlx::query(CREATE).bind(purpose.name()).bind(wrapped).execute(&store.writer).await.map(drop)?;
        }
        Engine::Postgres(store) => {
            sqlx::query(CREATE).bind(purpose.name()).bind(wrapped).execute(&store.writer).await.map(drop)?;
        }
    }
    // Somebody else may have been faster; what is there now is the key.
    unwrapped(&find(engine, purpose).await?.ok_or(VaultError::Corrupt("a server key went away"))?)
}

async fn find(engine: &Engine, purpose: Purpose) -> Result<Option<Vec<u8>>, VaultError> {
    let query = sqlx::query_scalar(FIND);
    Ok(match engine {
        Engine::Sqlite(store) => query.bind(purpose.name()).fetch_optional(&store.readers).await?,
        Engine::Postgres(store) => {
            sqlx::query_scalar(FIND).bind(purpose.name()).fetch_optional(&store.readers).await?
        }
    })
}

impl Vault {
    /// One of the server's keys, loaded when the vault was opened.
    #[must_use]
    pub fn server_key(&self, purpose: Purpose) -> Zeroizing<[u8; 32]> {
        self.keys().get(purpose).clone()
    }

    /// The keyed hash of parts (HMAC-SHA-256 under the index key): apart by label, and by where each part ends.
    #[must_use]
    pub fn keyed_hash(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.keys().hasher);
        for part in std::iter::once(&label.as_bytes()).chain(parts) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.sign().as_ref());
        hash
    }

    /// The keyed hash of a normalised address, under which the directory and the attempts know it.
    #[must_use]
    pub fn address_hash(&self, normalised: &str) -> AddressHash {
        AddressHash(self.keyed_hash("address", &[normalised.as_bytes()]))
    }
}
