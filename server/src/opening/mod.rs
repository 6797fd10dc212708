//! From configuration to open stores: the data folder, the master key, migrations, and the three databases.

pub(crate) mod master_key;
mod patience;

use crate::report::{Doing, Failure};
pub(crate) use patience::patiently;
use read_models::ReadModels;
use service::{clock::Entropy, config::Config};
use std::{fs, os::unix::fs::DirBuilderExt, path::Path};
use store::{
    bus::Bus,
    log::Log,
    vault::{MasterKeys, Vault},
};

/// The three databases, open.
#[derive(Clone)]
pub(crate) struct Stores {
    pub(crate) log: Log,
    pub(crate) vault: Vault,
    pub(crate) read_models: ReadModels,
}

/// Opens the three databases for an operator's command that needs all of them. They must be migrated, and the master key
/// must be the vault's.
pub(crate) async fn open(config: &Config) -> Result<Stores, Failure> {
    let openings = Openings::at_once(config);
    Ok(Stores {
        log: openings.log().await?,
        vault: openings.vault().await?,
        read_models: openings.read_models().await?,
    })
}

/// Applies the migrations of all three databases; what is applied already stays as it is.
pub(crate) async fn migrate(config: &Config) -> Result<(), Failure> {
    make_data_dir(&config.data_dir)?;
    Openings::at_once(config).migrate().await
}

/// Makes the data folder, for its owner alone.
pub(crate) fn make_data_dir(data_dir: &Path) -> Result<(), Failure> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir).doing("make the data folder")
}

/// Opens stores one by one, as a process needs them.
pub(crate) struct Openings<'a> {
    config: &'a Config,
    /// Whether a database that is away is waited for. What is wrong for good is told at once all the same.
    patient: bool,
}

impl<'a> Openings<'a> {
    /// Waits for databases that are away: a service may be started before them.
    pub(crate) const fn patient(config: &'a Config) -> Self {
        Self { config, patient: true }
    }

    /// Fails at once when a database is away: an operator is there to be told.
    pub(crate) const fn at_once(config: &'a Config) -> Self {
        Self { config, patient: false }
    }

    /// Opens the log.
    pub(crate) async fn log(&self) -> Result<Log, Failure> {
        patiently(self.patient, "the log", || Log::open(self.config.log_url.expose()))
            .await
            .doing("open the log")
    }

    /// The bus, where there is one. NATS itself need not be there yet.
    pub(crate) async fn bus(&self) -> Result<Option<Bus>, Failure> {
        match &self.config.nats_url {
            Some(url) => Ok(Some(
                Bus::connect(url.expose(), self.config.nats_replicas).await.doing("connect to NATS")?,
            )),
            None => Ok(None),
        }
    }

    /// Opens the vault with the master key from its file.
    pub(crate) async fn vault(&self) -> Result<Vault, Failure> {
        let master = MasterKeys::read(self.config.master_key_file.clone()).doing("read the master key")?;
        let open = || Vault::open(self.config.vault_url.expose(), master.clone());
        patiently(self.patient, "the vault", open).await.doing("open the vault")
    }

    /// Opens the live read models.
    pub(crate) async fn read_models(&self) -> Result<ReadModels, Failure> {
        let open = || ReadModels::open(self.config.read_url.expose());
        patiently(self.patient, "the read models", open).await.doing("open the read models")
    }

    /// Applies the migrations of all three databases.
    pub(crate) async fn migrate(&self) -> Result<(), Failure> {
        let Config { log_url, vault_url, read_url, .. } = self.config;
        patiently(self.patient, "the log", || Log::migrate(log_url.expose()))
            .await
            .doing("migrate the log")?;
        patiently(self.patient, "the vault", || Vault::migrate(vault_url.expose()))
            .await
            .doing("migrate the vault")?;
        patiently(self.patient, "the read models", || ReadModels::migrate(read_url.expose()))
            .await
            .doing("migrate the read models")
    }

    /// Makes the master key in the data folder if there is neither a key nor a vault that was made with one. Only the
    /// embedded process does this: with several processes each would make its own, and none could open what another
    /// sealed.
    pub(crate) async fn make_master_key(&self, entropy: &Entropy) -> Result<(), Failure> {
        let look = || Vault::has_master_key(self.config.vault_url.expose());
        let vault_has_one = patiently(self.patient, "the vault", look).await.doing("look for a vault")?;
        master_key::ensure(self.config, vault_has_one, entropy)
    }
}
