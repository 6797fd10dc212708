//! `evident keys rotate signing`: another key to sign access tokens with, published before it is used.

use crate::{
    opening::Openings,
    report::{self, Doing, Failure},
};
use service::{clock::Clock, config::Config, token::TrustedKeys};
use std::{process::ExitCode, time::Duration};

#[derive(Default, clap::Args)]
pub(crate) struct Signing {
    /// In an emergency: the new key signs at once, and whatever others signed is refused. People refresh their tokens and
    /// stay signed in.
    #[arg(long)]
    now: bool,
}

/// Until then every query-api publishes the new key, whatever its clock says.
const NOTICED: Duration = TrustedKeys::LOOK_EVERY.saturating_mul(2);

pub(crate) async fn rotate_signing(config: &Config, arguments: &Signing) -> Result<ExitCode, Failure> {
    let vault = Openings::at_once(config).vault().await?;
    let now = Clock::System.now();
    if arguments.now {
        return Ok(said(vault.replace_signing_keys(now).await.doing("replace the signing keys")?, |kid| {
            let seconds = TrustedKeys::LOOK_EVERY.as_secs();
            format!(
                "{kid} signs from now on. All others are dropped; every process knows within {seconds} s."
            )
        }));
    }
    let keys = vault.signing_keys().await.doing("read the signing keys")?;
    if let Some(coming) = keys.iter().find(|key| key.signs_from > now) {
        report::say(format_args!(
            "{} is published already and signs from {}.",
            coming.kid, coming.signs_from
        ));
        return Ok(ExitCode::SUCCESS);
    }
    // Who keeps our keys has kept them for that long when the new one signs, so they have seen it.
    let signs_from = now.after(config.jwks_max_age).after(NOTICED);
    Ok(said(vault.add_signing_key(now, signs_from).await.doing("make a signing key")?, |kid| {
        format!(
            "{kid} is published from now on and signs from {signs_from}. The one before goes when its tokens have."
        )
    }))
}

fn said(made: Option<String>, told: impl Fn(String) -> String) -> ExitCode {
    match made {
        Some(kid) => {
            report::say(told(kid));
            ExitCode::SUCCESS
        }
        None => {
            report::say("Somebody else made a signing key at this moment; `evident keys list` shows it.");
            ExitCode::FAILURE
        }
    }
}
