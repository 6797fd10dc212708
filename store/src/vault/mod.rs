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
mod handle;
mod master;
mod people;
mod requests;
mod seal;
mod server_keys;
mod signing_keys;
mod sweep;

pub use attempts::Attempts;
pub use directory::{AddressHash, Claim, ClaimOutcome};
pub use erasures::ErasureDue;
pub use error::VaultError;
pub use handle::Vault;
pub use master::{InvalidMasterKey, MasterKey};
pub use people::Scope;
pub use requests::Remembered;
pub use seal::{Keyring, Sealer};
pub use server_keys::Purpose;
pub use signing_keys::{PublicKey, SigningKey};
