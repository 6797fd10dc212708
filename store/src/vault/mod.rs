//! The vault: what must never lie in the log. Keys per person, the address directory, sign-in attempts, repeated
//! requests, who can act as admin, and the server's own keys.
//!
//! Everything here can be taken back, which nothing in the log can: a person is erased by destroying their keys, and
//! nothing caches those, so that the next look finds them gone. Every key lies wrapped by the master key (`seal`),
//! so that a copy of the database alone opens nothing. The vault stores and never decides: whether an address may be
//! taken over, or a guess made, is `command-api`'s to say.

mod admins;
mod attempts;
mod directory;
mod engine;
mod erasures;
mod error;
mod foreign_hashes;
mod handle;
mod index_keys;
mod key_file;
mod master;
mod master_keys;
mod people;
mod pictures;
mod refill;
mod requests;
mod rewrap;
mod seal;
mod server_keys;
mod sessions;
mod signing_keys;
mod sweep;

pub use attempts::Attempts;
pub use directory::{Claim, ClaimOutcome};
pub use erasures::ErasureDue;
pub use error::VaultError;
pub use handle::Vault;
pub use index_keys::{IndexKeyState, IndexKeyUse};
pub use key_file::KeyFileError;
pub use master::{InvalidMasterKey, MasterKey, MasterKeyId};
pub use master_keys::MasterKeys;
pub use people::Scope;
pub use refill::{Filled, Refilling, Unfilled};
pub use requests::Remembered;
pub use rewrap::{MasterKeyUse, Rewrapped};
pub use seal::{Keyring, Sealer};
pub use server_keys::{AddressHash, Purpose};
pub use sessions::ListedSession;
pub use signing_keys::{PublicKey, SigningKey};
