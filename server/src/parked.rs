//! `evident parked`: what projector and reactors set aside, and one command to try it again.

use crate::{
    opening,
    report::{self, Doing, Failure},
};
use events::StreamName;
use read_models::Retried;
use service::{clock::Clock, config::Config};
use std::process::ExitCode;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The stream to fold again; all of them, and all parked errands, when it is left out.
    stream: Option<StreamName>,
}

pub(crate) async fn list(config: &Config) -> Result<ExitCode, Failure> {
    let stores = opening::open(config).await?;
    let parked = stores.read_models.parked().await.doing("read what is parked")?;
    for stream in &parked.value {
        report::say(format_args!(
            "{} since position {}, {} events wait: {}",
            stream.stream, stream.position, stream.waiting, stream.reason
        ));
    }
    let count = stores.read_models.parked_count().await.doing("count what is parked")?;
    report::say(format_args!("{} streams are parked.", count.value));
    let errands = stores.read_models.parked_errands().await.doing("read which errands are parked")?;
    for (errand, because) in &errands {
        report::say(format_args!(
            "{} for event {} at position {}, begun {} times: {because}",
            errand.task, errand.event, errand.position, errand.attempts
        ));
    }
    report::say(format_args!("{} errands are parked.", errands.len()));
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn retry(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let stores = opening::open(config).await?;
    let streams = match &arguments.stream {
        Some(stream) => vec![stream.clone()],
        None => {
            let parked = stores.read_models.parked_streams().await;
            parked.doing("read what is parked")?.value
        }
    };
    if arguments.stream.is_none() {
        let resumed = stores.read_models.resume_errands(Clock::System.now()).await;
        report::say(format_args!("{} errands are run again.", resumed.doing("have errands run again")?));
    }
    let mut outcome = ExitCode::SUCCESS;
    for stream in streams {
        let retried = projector::retry(&stores.log, &stores.vault, &stores.read_models, &stream).await;
        match retried {
            Err(error) => {
                outcome = ExitCode::FAILURE;
                report::say(format_args!("{stream} could not be folded again: {error}"));
            }
            Ok(Retried::Resumed) => report::say(format_args!("{stream} goes on.")),
            Ok(Retried::NotParked) => report::say(format_args!("{stream} is not parked.")),
            Ok(Retried::StillParked(parked)) => {
                outcome = ExitCode::FAILURE;
                report::say(format_args!(
                    "{stream} is still parked at position {}: {}",
                    parked.position, parked.reason
                ));
            }
        }
    }
    Ok(outcome)
}
