//! `evident migrate`: applies the migrations to whatever the URLs name.

use crate::{
    opening,
    report::{self, Failure},
};
use service::config::Config;
use std::process::ExitCode;

pub(crate) async fn run(config: &Config) -> Result<ExitCode, Failure> {
    opening::migrate(config).await?;
    report::say("The log, the vault and the read models are migrated.");
    Ok(ExitCode::SUCCESS)
}
