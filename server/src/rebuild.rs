//! `evident rebuild`: folds the whole log again beside the live read models, compares the two, and flips.

use crate::{
    opening::{self, Stores},
    report::{self, Doing, Failure},
};

use service::config::Config;
use std::process::ExitCode;

/// The exit status of a rebuild that found a difference and flipped: neither a failure, 1, after which nothing was flipped, nor a
/// mistake in the configuration, 2.
const MENDED: u8 = 3;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Compare only: exit status 0 when the live read models are what the log says, 1 when not.
    #[arg(long, conflicts_with = "back")]
    check: bool,
    /// Go back to the read models from before the last flip.
    #[arg(long)]
    back: bool,
}

pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let Stores { log, vault, read_models } = opening::open(config).await?;
    let url = config.read_url.expose();
    if arguments.back {
        projector::flip_back(&log, &vault, &read_models, url)
            .await
            .doing("go back to the read models from before")?;
        report::say("The read models from before the last flip are live again, caught up with the log.");
        return Ok(ExitCode::SUCCESS);
    }
    let compared = match arguments.check {
        true => projector::check(&log, &vault, &read_models, url).await.doing("compare")?,
        false => projector::rebuild(&log, &vault, &read_models, url).await.doing("rebuild")?,
    };
    let projector::Compared { position, head, .. } = compared;
    let (verdict, outcome) = match compared.difference {
        None => ("they are what the log says".to_owned(), ExitCode::SUCCESS),
        Some(found) => {
            let (table, up_to) = (found.table, found.up_to);
            let outcome = if arguments.check { ExitCode::FAILURE } else { ExitCode::from(MENDED) };
            let behind = match position < head {
                true => format!(
                    ". The log goes on to {head}, and they show who was erased since: compare again once a projector follows"
                ),
                false => String::new(),
            };
            (format!("THEY DIFFER from the log, first in {table} at key {up_to} or before{behind}"), outcome)
        }
    };
    report::say(format_args!("The read models were compared at position {position}: {verdict}."));
    if !arguments.check {
        report::say("The new ones are live; `evident rebuild --back` goes back to the old ones.");
    }
    Ok(outcome)
}
