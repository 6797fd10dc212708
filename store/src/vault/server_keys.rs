//! The server's own keys: random, made by whoever opens the vault first, wrapped by the master key.

use super::{
    MasterKeys, Vault, VaultError,
    engine::Engine,
    index_keys::{self, keyed_hash},
    master::{Secret32, random_secret},
    master_keys,
};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

/// What a server key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Hashes that must stay what they are: the ids of imported people, and whatever lives for a day and is counted or
    /// recognised meanwhile. It is never replaced.
    Lasting,
    /// Refresh tokens.
    Refresh,
    /// Position tokens and cursors.
    Token,
    /// Tokens in the links of mails.
    Mail,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            // Its name from when addresses were hashed with it, too.
            Purpose::Lasting => "index",
            Purpose::Refresh => "refresh",
            Purpose::Token => "token",
            Purpose::Mail => "mail",
        }
    }
}

/// The keyed hash of a normalised address, under which guesses at it are counted ([`Vault::address_hash`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressHash(pub [u8; 32]);

pub(super) struct ServerKeys {
    lasting: Secret32,
    hasher: hmac::Key,
    refresh: Secret32,
    token: Secret32,
    mail: Secret32,
}

impl ServerKeys {
    /// Loads the keys, and makes those that are missing. The first of them tells whether the master key is the right
    /// one, before anything is wrapped by it.
    pub(super) async fn load(engine: &Engine, master: &MasterKeys) -> Result<Self, VaultError> {
        ensure_master_key(engine, master).await?;
        master_keys::must_be_at_hand(engine, master).await?;
        let unmade = |error: VaultError| if error.is_forbidden() { VaultError::NoServerKeys } else { error };
        // In this order: a vault that has the second and not the first is from before they were two.
        let before = match find(engine, Purpose::Lasting).await? {
            Some(wrapped) => {
                let secret = master.unwrap_key(&label(Purpose::Lasting), &wrapped);
                Some(secret.ok_or(VaultError::WrongMasterKey)?)
            }
            None => None,
        };
        index_keys::ensure_first(engine, master, before).await?;
        let lasting = get_or_create(engine, master, Purpose::Lasting).await.map_err(unmade)?;
        let token = get_or_create(engine, master, Purpose::Token).await.map_err(unmade)?;
        let refresh = get_or_none(engine, master, Purpose::Refresh).await?;
        let mail = get_or_none(engine, master, Purpose::Mail).await?;
        let hasher = hmac::Key::new(hmac::HMAC_SHA256, &*lasting);
        Ok(Self { lasting, hasher, refresh, token, mail })
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
            Purpose::Lasting => &self.lasting,
            Purpose::Refresh => &self.refresh,
            Purpose::Token => &self.token,
            Purpose::Mail => &self.mail,
        }
    }
}

const COUNT: &str = "select count(*) from server_keys";
const FIND: &str = "select wrapped from server_keys where purpose = $1";
const CREATE: &str = "insert into server_keys (purpose, wrapped, wrapped_by) values ($1, $2, $3) on conflict (purpose) do nothing";

/// Puts the vault's master key on the list where there is none: the one that a key here is wrapped by, else the first at
/// hand. Readers may not, and need not.
async fn ensure_master_key(engine: &Engine, master: &MasterKeys) -> Result<(), VaultError> {
    if !master_keys::listed(engine).await?.is_empty() {
        return Ok(());
    }
    let key = match find(engine, Purpose::Lasting).await? {
        Some(wrapped) => master.that_wrapped(&label(Purpose::Lasting), &wrapped),
        None => master.first(),
    };
    match master_keys::add(engine, 1, &key.ok_or(VaultError::WrongMasterKey)?.id()).await {
        Err(error) if error.is_forbidden() => Ok(()),
        added => added,
    }
}

/// A key that a reader may neither see nor make. It gets one that nobody else has, so that whatever it would sign is
/// refused everywhere, and whatever others signed is refused here.
async fn get_or_none(engine: &Engine, master: &MasterKeys, purpose: Purpose) -> Result<Secret32, VaultError> {
    match get_or_create(engine, master, purpose).await {
        Err(error) if error.is_forbidden() || matches!(error, VaultError::NoServerKeys) => random_secret(),
        other => other,
    }
}

async fn get_or_create(
    engine: &Engine,
    master: &MasterKeys,
    purpose: Purpose,
) -> Result<Secret32, VaultError> {
    let label = label(purpose);
    let unwrapped = |wrapped: &[u8]| master.unwrap_key(&label, wrapped).ok_or(VaultError::WrongMasterKey);
    if let Some(wrapped) = find(engine, purpose).await? {
        return unwrapped(&wrapped);
    }
    let wrapping = master_keys::wrapping(engine, master).await?;
    let wrapped = wrapping.wrap(&label, &*random_secret()?)?;
    match engine {
        Engine::Sqlite(store) => {
            let query = sqlx::query(CREATE).bind(purpose.name()).bind(wrapped).bind(wrapping.generation);
            query.execute(&store.writer).await.map(drop)?;
        }
        Engine::Postgres(store) => {
            let query = sqlx::query(CREATE).bind(purpose.name()).bind(wrapped).bind(wrapping.generation);
            query.execute(&store.writer).await.map(drop)?;
        }
    }
    // Somebody else may have been faster; what is there now is the key.
    unwrapped(&find(engine, purpose).await?.ok_or(VaultError::Corrupt("a server key went away"))?)
}

fn label(purpose: Purpose) -> String {
    server_label(purpose.name())
}

pub(super) fn server_label(purpose: &str) -> String {
    format!("server key\n{purpose}")
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

    /// The key of the tokens in mails, looked up now: whoever sends mails may start before whoever makes the key.
    ///
    /// # Errors
    /// [`VaultError::NoServerKeys`] when it was not made yet, or is not for this login to see.
    pub async fn mail_key(&self) -> Result<Zeroizing<[u8; 32]>, VaultError> {
        let wrapped = find(self.engine(), Purpose::Mail).await?.ok_or(VaultError::NoServerKeys)?;
        self.unwrapped(&label(Purpose::Mail), &wrapped).await
    }

    /// The keyed hash of parts (HMAC-SHA-256 under the lasting key): apart by label, and by where each part ends. It stays
    /// what it is for good.
    #[must_use]
    pub fn keyed_hash(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        keyed_hash(&self.keys().hasher, label, parts)
    }

    /// The keyed hash of a normalised address, under which guesses at it are counted.
    #[must_use]
    pub fn address_hash(&self, normalised: &str) -> AddressHash {
        AddressHash(self.keyed_hash("address", &[normalised.as_bytes()]))
    }
}
