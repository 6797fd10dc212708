//! From configuration to open stores: the data folder, the master key, migrations, and the three databases.

use crate::report::{Doing, Failure};
use read_models::ReadModels;
use service::{clock::Entropy, config::Config};
use std::{
    fs,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};
use store::{
    bus::Bus,
    log::Log,
    vault::{MasterKey, Vault},
};

/// The three databases, open.
#[derive(Clone)]
pub(crate) struct Stores {
    pub(crate) log: Log,
    pub(crate) vault: Vault,
    pub(crate) read_models: ReadModels,
}

/// Applies the migrations of all three databases; what is applied already stays as it is.
pub(crate) async fn migrate(config: &Config) -> Result<(), Failure> {
    make_data_dir(&config.data_dir)?;
    Log::migrate(config.log_url.expose()).await.doing("migrate the log")?;
    Vault::migrate(config.vault_url.expose()).await.doing("migrate the vault")?;
    ReadModels::migrate(config.read_url.expose()).await.doing("migrate the read models")
}

/// Opens the three databases. They must be migrated, and the master key must be the vault's.
pub(crate) async fn open(config: &Config) -> Result<Stores, Failure> {
    let master = read_master_key(&config.master_key_file)?;
    Ok(Stores {
        log: Log::open(config.log_url.expose()).await.doing("open the log")?,
        vault: Vault::open(config.vault_url.expose(), master).await.doing("open the vault")?,
        read_models: ReadModels::open(config.read_url.expose()).await.doing("open the read models")?,
    })
}

/// The bus, where there is one. NATS itself need not be there yet.
pub(crate) async fn connect(config: &Config) -> Result<Option<Bus>, Failure> {
    match &config.nats_url {
        Some(url) => {
            Ok(Some(Bus::connect(url.expose(), config.nats_replicas).await.doing("connect to NATS")?))
        }
        None => Ok(None),
    }
}

/// Makes the data folder, for its owner alone.
pub(crate) fn make_data_dir(data_dir: &Path) -> Result<(), Failure> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir).doing("make the data folder")
}

/// Makes the master key in the data folder if there is neither a key nor a vault that was made with one. Only the
/// embedded process does this: with several processes each would make its own, and none could open what another sealed.
///
/// A file that was named, or that a vault was made with, is never made up: it is missing, and that is what to say.
pub(crate) async fn ensure_master_key(config: &Config, entropy: &Entropy) -> Result<(), Failure> {
    let path = &config.master_key_file;
    let ours = config.data_dir.join("master.key") == *path;
    if path.exists()
        || !ours
        || Vault::has_master_key(config.vault_url.expose()).await.doing("look for a vault")?
    {
        return Ok(());
    }
    // `create_new` decides a race between two first starts: the second reads what the first wrote.
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match file {
        Ok(mut file) => {
            let key = MasterKey::from_bytes(entropy.bytes::<32>());
            file.write_all(format!("{}\n", *key.to_base64()).as_bytes()).doing("write the master key")?;
            file.sync_all().doing("write the master key")
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error).doing("make the master key"),
    }
}

fn read_master_key(path: &Path) -> Result<MasterKey, Failure> {
    let Ok(metadata) = fs::metadata(path) else {
        let text = format!(
            "{} is missing or cannot be read; it is the one that the vault was made with",
            path.display()
        );
        return Err(text).doing("read the master key");
    };
    let mode = metadata.permissions().mode();
    if mode & 0o077 != 0 {
        let text =
            format!("{} may be read by others (mode {:o}); make it 0600", path.display(), mode & 0o777);
        return Err(text).doing("read the master key");
    }
    let text = fs::read_to_string(path).doing("read the master key")?;
    MasterKey::from_base64(text.trim()).doing("read the master key")
}
