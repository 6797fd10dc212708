//! `evident keys rotate index`: the directory of addresses by another key, while everybody works.

use crate::{
    opening::Openings,
    report::{self, Doing, Failure},
};
use command_api::{App, Reindexed, reindex};
use service::{
    clock::{Clock, Entropy},
    config::Config,
};
use std::process::ExitCode;

#[derive(clap::Args)]
pub(crate) struct Index {
    /// In an emergency: the old key is dropped at once, and with it the devices that are known by it. Else it goes on telling
    /// those for ninety days.
    #[arg(long)]
    now: bool,
}

/// Addresses are told of in steps of so many.
const TOLD_EVERY: u64 = 10_000;

pub(crate) async fn rotate_index(config: &Config, arguments: &Index) -> Result<ExitCode, Failure> {
    let openings = Openings::at_once(config);
    let (log, vault) = (openings.log().await?, openings.vault().await?);
    let app = App::start(log.clone(), vault.clone(), config, Clock::System, Entropy::System)
        .await
        .doing("start")?;
    report::say("Addresses are found by the old key until each of them has its hash by the new one.");
    let mut told = 0;
    let reindexed = reindex(&app, |seen| {
        if seen >= told + TOLD_EVERY {
            told = seen;
            report::say(format_args!("{seen} addresses"));
        }
    });
    let Reindexed { resumed, filled, dropped, forgotten } =
        reindexed.await.doing("bring the directory to another key")?;
    log.close().await;
    if resumed {
        report::say(
            "This ended a replacement that was begun before, by the key of then. For another key, say it again.",
        );
    }
    report::say(format_args!(
        "{filled} addresses were hashed anew, {dropped} claims held no longer, {forgotten} old hashes are gone."
    ));
    if arguments.now {
        let retired = vault.retire_index_keys(Clock::System.now()).await.doing("drop the old index key")?;
        report::say(format_args!(
            "{retired} old keys are dropped: devices are known again once somebody signs in."
        ));
    } else {
        report::say("The old key knows devices for ninety days yet, and then goes by itself.");
    }
    Ok(ExitCode::SUCCESS)
}
