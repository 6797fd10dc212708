//! The vault: what must never lie in the log. Keys per person, the address directory, sign-in attempts, repeated
//! requests, who can act as admin, and the server's own keys.

use events::{KeyName, Month, SealContext, Timestamp, UserId, Version};
use zeroize::Zeroizing;

/// What the vault could not do.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The database has not been migrated to what this version needs.
    #[error("vault is not migrated; run `evident migrate`")]
    NotMigrated,
    /// The vault was made with another master key.
    #[error("master key is not the one that this vault was made with")]
    WrongMasterKey,
    /// The person's keys are gone.
    #[error("keys of user {0} are destroyed")]
    PersonErased(UserId),
    /// The URL names no engine that can keep a vault.
    #[error("vault URL is neither sqlite: nor postgres:")]
    UnknownEngine,
    /// What is kept contradicts itself.
    #[error("vault is corrupt: {0}")]
    Corrupt(&'static str),
    /// The database failed or could not be reached.
    #[error("vault's database failed: {0}")]
    Broken(#[from] sqlx::Error),
}

/// A text that is not the base64 of 32 bytes.
#[derive(Debug, thiserror::Error)]
#[error("master key is not the base64 of 32 bytes")]
pub struct InvalidMasterKey;

/// The key that wraps all other keys.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// From the text of its file.
    pub fn from_base64(_text: &str) -> Result<Self, InvalidMasterKey> {
        unimplemented!()
    }
    /// From 32 random bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }
    /// The text of its file.
    #[must_use]
    pub fn to_base64(&self) -> Zeroizing<String> {
        let _ = &self.0;
        unimplemented!()
    }
}

/// The vault. A cheap handle.
#[derive(Clone, Debug)]
pub struct Vault;

/// Seals one person's values.
pub struct Sealer;
/// Opens what its keys seal.
pub struct Keyring;
/// Which keys a keyring may load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Profiles and network facts: for services that show people.
    Profiles,
    /// Credentials too: for the command side alone.
    All,
}

/// The keyed hash of a normalised address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressHash(pub [u8; 32]);

/// Who holds an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The holder.
    pub user: UserId,
    /// Whether the holder came to be.
    pub confirmed: bool,
    /// Since when.
    pub claimed_at: Timestamp,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// It is held for the claimant.
    Claimed,
    /// Somebody holds it already.
    Held(Claim),
}

/// Failed sign-ins, for one source at one address or for all sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attempts {
    /// In a row.
    pub failures: u32,
    /// Refused until then.
    pub locked_until: Option<Timestamp>,
    /// When the present window began.
    pub window_started: Timestamp,
    /// Events written in it.
    pub recorded_in_window: u32,
}

/// What is known of a request that carries an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remembered {
    /// It came for the first time.
    First {
        /// What its ids are derived from.
        seed: [u8; 16],
        /// When it came.
        at: Timestamp,
    },
    /// It came before.
    Again {
        /// What its ids are derived from.
        seed: [u8; 16],
        /// When it first came.
        at: Timestamp,
    },
    /// The key came before, with another body.
    OtherBody,
}

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

/// A key that signs access tokens.
pub struct SigningKey {
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// The Ed25519 public key.
    pub public: [u8; 32],
    /// The private key, PKCS#8.
    pub pkcs8: Zeroizing<Vec<u8>>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A key that verifies access tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// The Ed25519 public key.
    pub public: [u8; 32],
}

impl Sealer {
    /// Seals one group.
    #[must_use]
    pub fn seal(&self, _context: &SealContext<'_>, _plaintext: &[u8]) -> Vec<u8> {
        unimplemented!()
    }
}

impl Keyring {
    /// Opens one group; `None` when the key is gone or does not fit.
    #[must_use]
    pub fn open(&self, _context: &SealContext<'_>, _ciphertext: &[u8]) -> Option<Vec<u8>> {
        unimplemented!()
    }
}

type Result<T, E = VaultError> = std::result::Result<T, E>;

#[rustfmt::skip]
#[expect(clippy::unused_async, clippy::missing_errors_doc, reason = "a shape to compile against, filled next")]
impl Vault {
    /// Applies the migrations.
    pub async fn migrate(_url: &str) -> Result<()> { unimplemented!() }
    /// Opens a migrated vault.
    pub async fn open(_url: &str, _master: MasterKey) -> Result<Vault> { unimplemented!() }
    /// Makes a person's keys, once.
    pub async fn create_person(&self, _user: UserId, _now: Timestamp) -> Result<()> { unimplemented!() }
    /// Loads a person's keys to seal with.
    pub async fn sealer(&self, _user: UserId, _month: Month) -> Result<Sealer> { unimplemented!() }
    /// Loads keys to open with.
    pub async fn keyring(&self, _keys: &[KeyName], _scope: Scope) -> Result<Keyring> { unimplemented!() }
    /// Notes that a person is about to be erased.
    pub async fn begin_erasure(&self, _user: UserId, _now: Timestamp) -> Result<()> { unimplemented!() }
    /// Destroys a person's keys.
    pub async fn finish_erasure(&self, _user: UserId, _now: Timestamp) -> Result<()> { unimplemented!() }
    /// Forgets an erasure that did not happen.
    pub async fn abandon_erasure(&self, _user: UserId) -> Result<()> { unimplemented!() }
    /// Erasures that were begun and neither finished nor abandoned.
    pub async fn unfinished_erasures(&self) -> Result<Vec<UserId>> { unimplemented!() }
    /// The keyed hash of a normalised address.
    #[must_use]
    pub fn address_hash(&self, _normalised: &str) -> AddressHash { unimplemented!() }
    /// Who holds an address.
    pub async fn find_address(&self, _hash: AddressHash) -> Result<Option<Claim>> { unimplemented!() }
    /// Claims an address.
    pub async fn claim_address(&self, _hash: AddressHash, _user: UserId, _now: Timestamp) -> Result<ClaimOutcome> { unimplemented!() }
    /// Takes a claim over whose holder never came to be.
    pub async fn take_over_address(&self, _hash: AddressHash, _from: &Claim, _to: UserId, _now: Timestamp) -> Result<bool> { unimplemented!() }
    /// Confirms a claim.
    pub async fn confirm_address(&self, _hash: AddressHash, _user: UserId) -> Result<()> { unimplemented!() }
    /// Gives an address up.
    pub async fn release_address(&self, _hash: AddressHash, _user: UserId) -> Result<()> { unimplemented!() }
    /// Changes both tallies of an attempt in one transaction.
    pub async fn update_attempts<R>(&self, _hash: AddressHash, _source: &[u8; 32], _change: impl FnMut(&mut Attempts, &mut Attempts) -> R + Send) -> Result<R> { unimplemented!() }
    /// Forgets all attempts at an address.
    pub async fn forget_attempts(&self, _hash: AddressHash) -> Result<()> { unimplemented!() }
    /// Remembers a request by its idempotency key.
    pub async fn remember_request(&self, _key: &[u8; 32], _body: &[u8; 32], _seed: [u8; 16], _now: Timestamp) -> Result<Remembered> { unimplemented!() }
    /// A keyed hash of parts, apart by label and by length.
    #[must_use]
    pub fn keyed_hash(&self, _label: &str, _parts: &[&[u8]]) -> [u8; 32] { unimplemented!() }
    /// Notes whether somebody can act as admin, as of a version of their stream.
    pub async fn record_admin(&self, _user: UserId, _version: Version, _is_admin: bool) -> Result<()> { unimplemented!() }
    /// Takes somebody off the admins, unless nobody else is left.
    pub async fn withdraw_admin(&self, _user: UserId, _version: Version) -> Result<bool> { unimplemented!() }
    /// One of the server's keys.
    #[must_use]
    pub fn server_key(&self, _purpose: Purpose) -> Zeroizing<[u8; 32]> { unimplemented!() }
    /// The keys that sign, newest first.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>> { unimplemented!() }
    /// Makes the first signing key.
    pub async fn ensure_signing_key(&self, _now: Timestamp) -> Result<()> { unimplemented!() }
    /// The keys that verify, newest first.
    pub async fn public_signing_keys(&self) -> Result<Vec<PublicKey>> { unimplemented!() }
    /// Drops what has had its time.
    pub async fn sweep(&self, _now: Timestamp) -> Result<()> { unimplemented!() }
}
