//! `evident keys rotate master`: everything in the vault wrapped again by another master key, while everybody works.
//!
//! In a data folder of ours the whole is one command: the new key is made, and put into the file before the old one. Where
//! the operator named the file, they put the new key there themselves, for every process, and then say this.

use crate::{
    opening::{
        Openings,
        master_key::{OwnFile, is_ours},
    },
    report::{self, Doing, Failure},
};
use service::{clock::Entropy, config::Config};
use std::process::ExitCode;
use store::vault::{MasterKeyId, MasterKeyUse, MasterKeys, Vault};

/// Rows are told of in steps of so many.
const TOLD_EVERY: u64 = 10_000;
/// Passes over everything before it is said that something goes on wrapping by an old key.
const PASSES: usize = 10;

pub(crate) async fn rotate_master(config: &Config) -> Result<ExitCode, Failure> {
    let file = match is_ours(config) {
        true => Some(OwnFile::lock(&config.master_key_file)?),
        false => None,
    };
    let openings = Openings::at_once(config);
    let in_file = ids(config)?;
    let before = uses(&openings.vault().await?).await?;
    // What was wrapped before keys had names is by the first of them: that alone is no rotation that was begun.
    let named = before.iter().filter(|key| key.id.is_some()).count();
    let begun = named > 1 || before.first().is_some_and(|newest| newest.id != in_file.first().cloned());
    match (&file, begun, in_file.len()) {
        (_, true, _) => {}
        (Some(file), false, 1) => file.add_first(&Entropy::System)?,
        // Cut off when all was wrapped, and only the file was left to do.
        (Some(file), false, _) => return finished(Some(file), &openings.vault().await?).await,
        (None, false, _) => {
            report::say(format_args!(
                "The first key in {} wraps already. Put a new one before it, for every process (`head -c 32 /dev/urandom | base64`), \
                 leave the old one below, and say this again.",
                config.master_key_file.display()
            ));
            return Ok(ExitCode::FAILURE);
        }
    }
    // Opened once more, for the file may hold a new key by now.
    let vault = openings.vault().await?;
    let id = vault.wrap_by_first_master_key().await.doing("wrap by the new master key")?;
    if ids(config)?.first() != Some(&id) {
        report::say(format_args!(
            "{id} wraps what is new, and is not the first key in {}: another was put before it that it has replaced. Put {id} first, and say \
             this again.",
            config.master_key_file.display()
        ));
        return Ok(ExitCode::FAILURE);
    }
    report::say(format_args!("{id} wraps what is new; what others have wrapped is wrapped again."));
    match rewrap(&vault, &id).await? {
        true => finished(file.as_ref(), &vault).await,
        false => Ok(ExitCode::FAILURE),
    }
}

/// What is in the file, in its order.
fn ids(config: &Config) -> Result<Vec<MasterKeyId>, Failure> {
    Ok(MasterKeys::read(config.master_key_file.clone()).doing("read the master key")?.ids())
}

async fn uses(vault: &Vault) -> Result<Vec<MasterKeyUse>, Failure> {
    vault.master_key_uses().await.doing("count what is wrapped")
}

/// Whether nothing is left that another key wraps.
async fn rewrap(vault: &Vault, id: &MasterKeyId) -> Result<bool, Failure> {
    let all: u64 = uses(vault).await?.iter().filter(|key| !key.wraps).map(|key| key.rows).sum();
    let (mut seen, mut told) = (0, 0);
    for _ in 0..PASSES {
        let pass = vault.rewrap(|rows| {
            seen += rows;
            if seen >= told + TOLD_EVERY {
                told = seen;
                report::say(format_args!("{seen} of about {all}"));
            }
        });
        let pass = pass.await.doing("wrap keys again; said again, it goes on from here")?;
        if pass.unopened > 0 {
            report::say(format_args!(
                "{} keys are wrapped by no master key in the file. Nothing may be thrown away: put the key that is missing into the file.",
                pass.unopened
            ));
            return Ok(false);
        }
        if vault.retire_master_keys().await.doing("take the old master key off the list")? {
            report::say(format_args!("{seen} keys were wrapped again: {id} wraps everything."));
            return Ok(true);
        }
    }
    report::say("Some process goes on wrapping by the old key: is every one of this version?");
    Ok(false)
}

/// Counts once more, and says what may be thrown away.
async fn finished(file: Option<&OwnFile>, vault: &Vault) -> Result<ExitCode, Failure> {
    for MasterKeyUse { id, rows, .. } in uses(vault).await? {
        let name = id.map_or_else(String::new, |id| id.to_string());
        report::say(format_args!("master {name}: {rows} keys"));
    }
    report::say(
        "Nothing needs the old key any more but backups of the vault from before; keep it for as long as you keep those.",
    );
    match file {
        Some(file) => {
            for path in file.part_with_others()? {
                report::say(format_args!("It is in {} now.", path.display()));
            }
        }
        None => report::say("Take it out of the file of every process."),
    }
    Ok(ExitCode::SUCCESS)
}
