//! `evident keys list`: the keys by name, age and state; never a secret.

use crate::{
    opening::Openings,
    report::{self, Doing, Failure},
};
use service::{clock::Clock, config::Config};
use std::process::ExitCode;
use store::vault::{IndexKeyState, IndexKeyUse, MasterKeyUse, Vault};

pub(crate) async fn list(config: &Config) -> Result<ExitCode, Failure> {
    let vault = Openings::at_once(config).vault().await?;
    signing(&vault).await?;
    master(&vault).await?;
    index(&vault).await?;
    Ok(ExitCode::SUCCESS)
}

/// The newest that has begun to sign does; those after it are published, those before it verify what they signed.
async fn signing(vault: &Vault) -> Result<(), Failure> {
    let now = Clock::System.now();
    let mut state = "signs";
    for key in vault.signing_keys().await.doing("read the signing keys")? {
        let (kid, made) = (&key.kid, key.created_at);
        if key.signs_from > now {
            report::say(format_args!("signing {kid}: made {made}, published, signs from {}", key.signs_from));
        } else {
            report::say(format_args!("signing {kid}: made {made}, {state}"));
            state = "verifies what it signed";
        }
    }
    Ok(())
}

/// What each master key wraps. One that wraps nothing any more is not listed.
async fn master(vault: &Vault) -> Result<(), Failure> {
    for MasterKeyUse { id, rows, wraps } in vault.master_key_uses().await.doing("count what is wrapped")? {
        let name = id.map_or_else(|| "(from before keys had names)".to_owned(), |id| id.to_string());
        let state = if wraps { "wraps what is new" } else { "opens what it wrapped" };
        report::say(format_args!("master {name}: {rows} keys, {state}"));
    }
    Ok(())
}

/// The keys that addresses are hashed with.
async fn index(vault: &Vault) -> Result<(), Failure> {
    for IndexKeyUse { generation, state } in vault.index_key_uses().await.doing("read the index keys")? {
        match state {
            IndexKeyState::Coming => {
                report::say(format_args!("index {generation}: its hashes are being filled in"))
            }
            IndexKeyState::Finds => report::say(format_args!("index {generation}: finds addresses")),
            IndexKeyState::KnowsDevices(since) => {
                report::say(format_args!("index {generation}: knows devices, and nothing else since {since}"))
            }
        }
    }
    Ok(())
}
