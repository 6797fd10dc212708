//! The command line: which command, and what each is for.

use crate::{Role, admin, doctor, erasures, health, import, keys, migrate, parked, rebuild, report, serve};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use service::config::{Config, Environment};
use std::process::ExitCode;

/// Users, sessions, and an audit of all that happened to them.
#[derive(Parser)]
#[command(name = "evident", version, after_long_help = service::config::help())]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

/// One service of Evident, by itself.
#[derive(Parser)]
#[command(version, after_long_help = service::config::help())]
struct ServiceCli {}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run everything in this process (the default): commands, projection, queries.
    Serve,
    /// Apply the migrations to whatever the URLs name.
    Migrate,
    /// Manage admins.
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Bring people along from another system.
    #[command(subcommand)]
    Import(ImportCommand),
    /// Fold the whole log again beside the live read models, compare, and flip to the new ones. Exit status 0 when the old ones
    /// were what the log says, 3 when they differed and were flipped all the same.
    Rebuild(rebuild::Arguments),
    /// See, and try again, what the projector set aside.
    #[command(subcommand)]
    Parked(ParkedCommand),
    /// Make the vault forget again whoever the log says is erased, after a restore.
    #[command(subcommand)]
    Erasures(ErasuresCommand),
    /// See the server's keys, and replace them.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Look at the configuration and the stores, and say what is wrong.
    Doctor,
    /// Ask the process that listens on `EVIDENT_OPS_BIND`, or `EVIDENT_BIND`, whether it is ready.
    Health,
}

#[derive(Subcommand)]
pub(crate) enum AdminCommand {
    /// Make one more admin.
    Create(admin::Arguments),
}

#[derive(Subcommand)]
pub(crate) enum ImportCommand {
    /// Import the people in a file. Done again, it goes on where it was broken off.
    Users(import::Arguments),
}

#[derive(Subcommand)]
pub(crate) enum ParkedCommand {
    /// List the parked streams and why each was set aside.
    List,
    /// Fold a parked stream again from where it was set aside.
    Retry(parked::Arguments),
}

#[derive(Subcommand)]
pub(crate) enum ErasuresCommand {
    /// Destroy the keys of everybody whom the log says is erased. Needed after the vault was restored from a backup.
    Replay,
}

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// List the keys, without any that is secret.
    List,
    /// Replace a key while everything runs: the one that signs access tokens, unless another is named.
    Rotate {
        #[command(subcommand)]
        key: Option<RotateCommand>,
    },
}

#[derive(Subcommand)]
pub(crate) enum RotateCommand {
    /// The key that signs access tokens.
    Signing(keys::Signing),
    /// The key that wraps all others. Interrupted, it goes on when it is said again.
    Master,
    /// The key that addresses are hashed with. Interrupted, it goes on when it is said again.
    Index(keys::Index),
}

impl Default for RotateCommand {
    fn default() -> Self {
        Self::Signing(keys::Signing::default())
    }
}

/// Reads the command line; ends the process after `--help`, `--version` or a mistake. Services have no commands.
pub(crate) fn parse(role: Role) -> Command {
    match role {
        Role::Everything => Cli::parse().command.unwrap_or(Command::Serve),
        Role::Commands | Role::Projection | Role::Queries => {
            let command = ServiceCli::command().name(role.binary());
            let ServiceCli {} =
                ServiceCli::from_arg_matches(&command.get_matches()).unwrap_or_else(|mistake| mistake.exit());
            Command::Serve
        }
    }
}

/// Reads the configuration, all mistakes at once, and runs the command.
pub(crate) async fn run(role: Role, command: Command) -> ExitCode {
    let config = match Environment::load(std::path::Path::new(".")).map(|found| Config::read(&found)) {
        Ok(Ok(config)) => config,
        Ok(Err(mistakes)) => return report::misconfigured(role, &mistakes),
        Err(error) => return report::failed(role, "read .env", &error),
    };
    let outcome = match command {
        Command::Serve => serve::run(config, role).await,
        Command::Migrate => migrate::run(&config).await,
        Command::Admin(AdminCommand::Create(arguments)) => admin::create(&config, arguments).await,
        Command::Import(ImportCommand::Users(arguments)) => import::users(&config, arguments).await,
        Command::Rebuild(arguments) => rebuild::run(&config, &arguments).await,
        Command::Parked(ParkedCommand::List) => parked::list(&config).await,
        Command::Parked(ParkedCommand::Retry(arguments)) => parked::retry(&config, &arguments).await,
        Command::Erasures(ErasuresCommand::Replay) => erasures::replay(&config).await,
        Command::Keys(KeysCommand::List) => keys::list(&config).await,
        Command::Keys(KeysCommand::Rotate { key }) => match key.unwrap_or_default() {
            RotateCommand::Signing(arguments) => keys::rotate_signing(&config, &arguments).await,
            RotateCommand::Master => keys::rotate_master(&config).await,
            RotateCommand::Index(arguments) => keys::rotate_index(&config, &arguments).await,
        },
        Command::Doctor => doctor::run(&config).await,
        Command::Health => health::run(&config).await,
    };
    outcome.unwrap_or_else(|failure| report::failed(role, failure.doing, failure.cause.as_ref()))
}
