//! `evident admin create`: one more admin, made by whoever can open the stores.

use crate::{
    opening::Openings,
    report::{self, Doing, Failure},
};
use command_api::App;
use service::{
    clock::{Clock, Entropy},
    config::{Config, Secret},
};
use std::{io::BufRead, process::ExitCode};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The new admin's address.
    #[arg(long)]
    email: String,
    /// Read the password from standard input instead of making one up.
    #[arg(long)]
    password_stdin: bool,
}

pub(crate) async fn create(config: &Config, arguments: Arguments) -> Result<ExitCode, Failure> {
    let openings = Openings::at_once(config);
    let (log, vault) = (openings.log().await?, openings.vault().await?);
    let password = match arguments.password_stdin {
        true => Secret::new(password_from_stdin()?),
        false => initial_password(&Entropy::System),
    };
    let app = App::start(log.clone(), vault, config, Clock::System, Entropy::System).await.doing("start")?;
    let user =
        command_api::create_admin(&app, &arguments.email, password.expose()).await.doing("make an admin")?;
    log.close().await;
    report::say(format_args!("{} is an admin ({user}).", arguments.email));
    if !arguments.password_stdin {
        report::say(format_args!("Initial password: {}", password.expose()));
        report::say(
            "It is shown this once and holds until it is changed: hand it over to be changed at once.",
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn password_from_stdin() -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).doing("read the password")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A password of 160 random bits, in groups that can be read aloud.
pub(crate) fn initial_password(entropy: &Entropy) -> Secret {
    // Without 0, 1, l and o: 32 signs that nobody confuses.
    const SIGNS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let groups = entropy.bytes::<32>().map(|byte| char::from(SIGNS[usize::from(byte % 32)]));
    let groups: Vec<String> = groups.chunks(4).map(|group| group.iter().collect()).collect();
    Secret::new(groups.join("-"))
}
